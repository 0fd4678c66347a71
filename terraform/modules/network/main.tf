# One VPC. Public subnets hold the VPN hosts, and the NAT gateway where there is one; nothing else has a public address.
data "aws_region" "here" {}
data "aws_caller_identity" "this" {}

locals {
  zones      = { for index, zone in var.zones : zone => index }
  hosts_cidr = cidrsubnet(var.vpc_cidr, 8, 10)
}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# What is in no security group of ours reaches nothing.
resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-default-unused" }
}

resource "aws_subnet" "public" {
  for_each          = local.zones
  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.vpc_cidr, 8, each.value)

  tags = { Name = "${var.name}-public-${each.key}" }
}

resource "aws_subnet" "hosts" {
  for_each          = local.zones
  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(local.hosts_cidr, 2, each.value)

  tags = { Name = "${var.name}-hosts-${each.key}" }
}

# Addresses that we give out ourselves: the portal's (the 10th) and the private API's (the 30th). AWS would give them to whatever comes
# first, and the portal's host, or the door that customers have written into their firewalls, could not be made.
resource "aws_ec2_subnet_cidr_reservation" "fixed" {
  for_each = merge([for zone in var.zones : {
    "${zone} portal"      = { zone = zone, cidr = cidrsubnet(aws_subnet.hosts[zone].cidr_block, 3, 1) }
    "${zone} private API" = { zone = zone, cidr = cidrsubnet(aws_subnet.hosts[zone].cidr_block, 2, 1) }
  }]...)

  subnet_id        = aws_subnet.hosts[each.value.zone].id
  cidr_block       = each.value.cidr
  reservation_type = "explicit"
}

resource "aws_subnet" "database" {
  for_each          = local.zones
  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.vpc_cidr, 8, 20 + each.value)

  tags = { Name = "${var.name}-database-${each.key}" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each       = aws_subnet.public
  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

# Routes to customers and to staff are the VPN's, which turns them when it moves.
resource "aws_route_table" "hosts" {
  for_each = local.zones
  vpc_id   = aws_vpc.this.id

  tags = { Name = "${var.name}-hosts-${each.key}" }
}

resource "aws_route_table_association" "hosts" {
  for_each       = aws_subnet.hosts
  subnet_id      = each.value.id
  route_table_id = aws_route_table.hosts[each.key].id
}

# The database answers within the VPC and has no other way.
resource "aws_route_table" "database" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-database" }
}

resource "aws_route_table_association" "database" {
  for_each       = aws_subnet.database
  subnet_id      = each.value.id
  route_table_id = aws_route_table.database.id
}

resource "aws_eip" "nat" {
  count  = var.nat ? 1 : 0
  domain = "vpc"

  tags = { Name = "${var.name}-egress" }
}

resource "aws_nat_gateway" "this" {
  count         = var.nat ? 1 : 0
  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[var.zones[0]].id

  tags       = { Name = var.name }
  depends_on = [aws_internet_gateway.this]
}

# Only to what the allow-list names. Security groups limit the same once more, by host and port.
resource "aws_route" "egress" {
  for_each = var.nat ? {
    for pair in setproduct(var.zones, distinct([for one in var.egress : one.cidr if one.from != "vpn"])) :
    "${pair[0]} ${pair[1]}" => { zone = pair[0], cidr = pair[1] }
  } : {}

  route_table_id         = aws_route_table.hosts[each.value.zone].id
  destination_cidr_block = each.value.cidr
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

resource "aws_flow_log" "this" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = "${var.log_bucket.arn}/flow-logs"
  max_aggregation_interval = 600

  tags = { Name = var.name }
}
