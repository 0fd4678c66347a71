# How hosts reach AWS without the internet. Through these, only what belongs to this account is reached.
data "aws_iam_policy_document" "endpoint" {
  #checkov:skip=CKV_AWS_1:an endpoint grants nothing, and lets only this account's identities through; their own policies decide
  #checkov:skip=CKV_AWS_49:an endpoint grants nothing, and lets only this account's identities through; their own policies decide
  statement {
    sid       = "OurOwnAccountAlone"
    actions   = ["*"] # an endpoint grants nothing; identities' own policies decide what is allowed
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

# VPN hosts, too: playbooks come by S3 (transfer.tf), and a standby has no public address.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${data.aws_region.here.name}.s3"
  route_table_ids   = concat([aws_route_table.public.id], [for table in aws_route_table.hosts : table.id])
  policy            = data.aws_iam_policy_document.endpoint.json

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "service" {
  for_each            = var.endpoints
  vpc_id              = aws_vpc.this.id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${data.aws_region.here.name}.${each.key}"
  private_dns_enabled = true
  subnet_ids          = [for zone in slice(var.zones, 0, var.endpoint_zones) : aws_subnet.hosts[zone].id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]
  policy              = data.aws_iam_policy_document.endpoint.json

  tags       = { Name = "${var.name}-${each.key}" }
  depends_on = [aws_ec2_subnet_cidr_reservation.fixed] # or it would take an address that is somebody's
}

# Customers write these addresses into their firewalls and tunnels: they must not change. Who may call stands in the API's own policy.
resource "aws_vpc_endpoint" "private_api" {
  count               = var.private_api ? 1 : 0
  vpc_id              = aws_vpc.this.id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${data.aws_region.here.name}.execute-api"
  private_dns_enabled = true
  subnet_ids          = [for zone in slice(var.zones, 0, var.endpoint_zones) : aws_subnet.hosts[zone].id]
  security_group_ids  = [aws_security_group.this["private_api"].id]

  dynamic "subnet_configuration" {
    for_each = toset(slice(var.zones, 0, var.endpoint_zones))

    content {
      subnet_id = aws_subnet.hosts[subnet_configuration.key].id
      ipv4      = cidrhost(aws_subnet.hosts[subnet_configuration.key].cidr_block, 30)
    }
  }

  tags       = { Name = "${var.name}-private-api" }
  depends_on = [aws_ec2_subnet_cidr_reservation.fixed]
}
