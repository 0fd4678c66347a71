output "vpc_id" {
  description = "The VPC"
  value       = aws_vpc.this.id
}

output "hosts_cidr" {
  description = "The network in which portal and workers are, in all zones together: what customers see of us"
  value       = local.hosts_cidr
}

output "tunnel_addresses" {
  description = "Addresses in no subnet that VPN hosts hold on lo: charon routes into a tunnel only from one of its own"
  value       = [cidrhost(local.hosts_cidr, 250)]
}

output "public_subnet_ids" {
  description = "Subnets of the VPN hosts, in the order of the zones"
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
  depends_on  = [aws_route.internet, aws_route_table_association.public] # EC2 refuses an address where no internet gateway is
}

output "hosts_subnet_ids" {
  description = "Subnets of portal, workers and endpoints, in the order of the zones"
  value       = [for zone in var.zones : aws_subnet.hosts[zone].id]
  depends_on  = [aws_ec2_subnet_cidr_reservation.fixed] # hosts and load balancer take what is left
}

output "hosts_subnet_cidrs" {
  description = "Networks of those subnets, in the same order"
  value       = [for zone in var.zones : aws_subnet.hosts[zone].cidr_block]
}

output "database_subnet_ids" {
  description = "Subnets of the database, in the order of the zones"
  value       = [for zone in var.zones : aws_subnet.database[zone].id]
}

output "route_table_ids" {
  description = "Route tables of the hosts' subnets, in the order of the zones"
  value       = [for zone in var.zones : aws_route_table.hosts[zone].id]
}

output "security_groups" {
  description = "Ids of the security groups; `balancer` and `private_api` are null where there is none"
  value = {
    vpn         = aws_security_group.this["vpn"].id
    portal      = aws_security_group.this["portal"].id
    worker      = aws_security_group.this["worker"].id
    database    = aws_security_group.this["database"].id
    endpoints   = aws_security_group.this["endpoints"].id
    balancer    = try(aws_security_group.this["balancer"].id, null)
    private_api = try(aws_security_group.this["private_api"].id, null)
  }
}

output "private_api" {
  description = "Endpoint of the private API, and its fixed addresses; null where there is none"
  value = var.private_api ? {
    endpoint_id = aws_vpc_endpoint.private_api[0].id
    addresses   = [for zone in slice(var.zones, 0, var.endpoint_zones) : cidrhost(aws_subnet.hosts[zone].cidr_block, 30)]
  } : null
}

output "endpoint_ids" {
  description = "Service -> id of its interface endpoint"
  value       = { for name, endpoint in aws_vpc_endpoint.service : name => endpoint.id }
}

output "egress_address" {
  description = "Address from which hosts reach the internet, for customers' allow-lists; null without NAT"
  value       = try(aws_eip.nat[0].public_ip, null)
}

output "transfer_bucket" {
  description = "Name of the bucket through which Ansible's files go to the hosts"
  value       = aws_s3_bucket.transfer.id
}
