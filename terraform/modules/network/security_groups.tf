# Who may talk to whom, all of it. What a VPN host forwards keeps its sender's address, and AWS cannot match a forwarded
# packet by a group: such rules name networks.
locals {
  groups = merge({
    vpn       = "VPN hosts"
    portal    = "Portal hosts"
    worker    = "Worker hosts"
    database  = "Aurora"
    endpoints = "Interface endpoints of AWS services"
    },
    var.load_balancer ? { balancer = "Load balancer before the portal" } : {},
    var.private_api ? { private_api = "Private API" } : {},
  )

  door = var.load_balancer ? "balancer" : "portal"

  # One entry for each pass and port; icmp is an echo request.
  passes = merge(flatten([
    for name, customer in var.customers : [
      for index, pass in customer.passes : {
        for port in(pass.protocol == "icmp" ? [8] : pass.ports) : "${name} ${index} ${pass.protocol} ${port}" => merge(pass, { customer = name, port = port })
      }
    ]
  ])...)
  passes_out = { for key, pass in local.passes : key => pass if pass.direction == "out" }
  passes_in  = { for key, pass in local.passes : key => pass if pass.direction == "in" }

  # ours -> the group that has to let it in
  entrances = { portal = local.door, worker = "worker", intake = "private_api" }

  # What VPN hosts forward from and to our hosts, without doubles.
  forwarded_out = { for key in distinct([for pass in values(local.passes_out) : "${pass.protocol} ${pass.port}"]) : key => split(" ", key) }
  forwarded_in  = { for key in distinct(concat(["tcp 443"], [for pass in values(local.passes_in) : "${pass.protocol} ${pass.port}"])) : key => split(" ", key) }

  calls = merge(
    { for from in ["portal", "worker"] : "${from} to database" => { from = from, to = "database", port = 5432 } },
    { for from in ["portal", "worker", "vpn"] : "${from} to endpoints" => { from = from, to = "endpoints", port = 443 } },
    var.load_balancer ? { "balancer to portal" = { from = "balancer", to = "portal", port = 443 } } : {},
  )
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:other modules put hosts, database and endpoints into them; one module holds all rules
  for_each    = local.groups
  name        = "${var.name}-${replace(each.key, "_", "-")}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-${replace(each.key, "_", "-")}" }
}

# The only ports that the internet reaches.
resource "aws_vpc_security_group_ingress_rule" "ike" {
  for_each          = { ike = 500, nat_traversal = 4500 }
  security_group_id = aws_security_group.this["vpn"].id
  description       = each.key == "ike" ? "IKE" : "IKE and ESP in UDP"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "udp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "ike" {
  for_each          = { ike = 500, nat_traversal = 4500 }
  security_group_id = aws_security_group.this["vpn"].id
  description       = each.key == "ike" ? "IKE" : "IKE and ESP in UDP"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "udp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_ingress_rule" "heartbeat" {
  security_group_id            = aws_security_group.this["vpn"].id
  description                  = "Heartbeat of the pair"
  referenced_security_group_id = aws_security_group.this["vpn"].id
  ip_protocol                  = "udp"
  from_port                    = 5405
  to_port                      = 5405
}

resource "aws_vpc_security_group_egress_rule" "heartbeat" {
  security_group_id            = aws_security_group.this["vpn"].id
  description                  = "Heartbeat of the pair"
  referenced_security_group_id = aws_security_group.this["vpn"].id
  ip_protocol                  = "udp"
  from_port                    = 5405
  to_port                      = 5405
}

resource "aws_vpc_security_group_ingress_rule" "forwarded" {
  for_each          = local.forwarded_out
  security_group_id = aws_security_group.this["vpn"].id
  description       = "From our hosts to customers"
  cidr_ipv4         = local.hosts_cidr
  ip_protocol       = each.value[0]
  from_port         = tonumber(each.value[1])
  to_port           = each.value[0] == "icmp" ? 0 : tonumber(each.value[1])
}

resource "aws_vpc_security_group_egress_rule" "forwarded" {
  for_each          = local.forwarded_in
  security_group_id = aws_security_group.this["vpn"].id
  description       = "From staff and customers to our hosts"
  cidr_ipv4         = local.hosts_cidr
  ip_protocol       = each.value[0]
  from_port         = tonumber(each.value[1])
  to_port           = each.value[0] == "icmp" ? 0 : tonumber(each.value[1])
}

resource "aws_vpc_security_group_egress_rule" "customer" {
  for_each          = local.passes_out
  security_group_id = aws_security_group.this[each.value.ours == "portal" ? "portal" : "worker"].id
  description       = "${each.value.customer}: ${replace(each.value.purpose, "/[^A-Za-z0-9 .,_:()-]/", " ")}"
  cidr_ipv4         = each.value.theirs
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.protocol == "icmp" ? 0 : each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "customer" {
  for_each          = { for key, pass in local.passes_in : key => pass if pass.ours != "intake" || var.private_api }
  security_group_id = aws_security_group.this[local.entrances[each.value.ours]].id
  description       = "${each.value.customer}: ${replace(each.value.purpose, "/[^A-Za-z0-9 .,_:()-]/", " ")}"
  cidr_ipv4         = each.value.theirs
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.protocol == "icmp" ? 0 : each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "staff" {
  security_group_id = aws_security_group.this[local.door].id
  description       = "Staff, through the VPN"
  cidr_ipv4         = var.staff_pool
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "call" {
  for_each                     = local.calls
  security_group_id            = aws_security_group.this[each.value.to].id
  description                  = each.key
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "call" {
  for_each                     = local.calls
  security_group_id            = aws_security_group.this[each.value.from].id
  description                  = each.key
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each          = toset(["portal", "vpn", "worker"])
  security_group_id = aws_security_group.this[each.key].id
  description       = "S3, through its endpoint"
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "internet" {
  for_each          = { for one in var.egress : "${one.from} ${one.cidr} ${one.port}" => one }
  security_group_id = aws_security_group.this[each.value.from].id
  description       = each.value.purpose
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}
