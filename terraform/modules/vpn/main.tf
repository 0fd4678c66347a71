# One service address; the host that holds it is the active one. Interfaces outlive instances, so that a host can be
# replaced while addresses and routes stay.
data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "here" {}

locals {
  hosts   = var.standby ? { a = 0, b = 1 } : { a = 0 }
  arn     = "arn:${data.aws_partition.this.partition}"
  account = data.aws_caller_identity.this.account_id
  region  = data.aws_region.here.name

  # for_each wants keys that are known before anything is made: the tables' places, not their ids
  routes = {
    for pair in setproduct(range(length(var.route_table_ids)), keys(var.routes)) :
    "${pair[1]} ${pair[0]}" => { table = pair[0], cidr = var.routes[pair[1]] }
  }
}

# Whoever moves the address gives it a new association, so an aws_eip_association would be gone, and Terraform would make it again on
# a: in the middle of a failover. The address itself keeps its id; it begins on a, before the host boots, and stays where it was moved.
resource "aws_eip" "service" {
  #checkov:skip=CKV2_AWS_19:it is on an interface, which outlives the instance
  domain            = "vpc"
  network_interface = aws_network_interface.host["a"].id

  tags = { Name = "${var.name}-vpn-service" }

  lifecycle {
    prevent_destroy = true # every customer's gateway names this address
    ignore_changes  = [network_interface, instance, associate_with_private_ip]
  }
}

# 0.1.0 has it in its state. The address stays on its host.
removed {
  from = aws_eip_association.service

  lifecycle {
    destroy = false
  }
}

resource "aws_network_interface" "host" {
  for_each          = local.hosts
  description       = "VPN host ${each.key} of ${var.name}"
  subnet_id         = var.subnet_ids[each.value]
  security_groups   = [var.security_group_id]
  source_dest_check = false # it forwards what is neither from nor for itself

  tags = { Name = "${var.name}-vpn-${each.key}" }
}

resource "aws_instance" "host" {
  #checkov:skip=CKV_AWS_126:tunnels are told every minute by the host itself; metrics of EC2 by the minute cost and decide nothing
  for_each             = local.hosts
  ami                  = var.image_id
  instance_type        = var.instance_type
  iam_instance_profile = aws_iam_instance_profile.host.name
  ebs_optimized        = true

  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.host[each.key].id
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  maintenance_options {
    auto_recovery = "default"
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 16
    encrypted   = true
    kms_key_id  = var.kms_key_arn
  }

  tags        = { Name = "${var.name}-vpn-${each.key}", Role = "vpn" }
  volume_tags = { Name = "${var.name}-vpn-${each.key}" }

  lifecycle {
    # what packer would bake today replaces no host by surprise: images are changed in images.vpn
    precondition {
      condition     = var.subnet_ids[0] != var.subnet_ids[1] || !var.standby
      error_message = "The standby would stand in the zone of the active, and be lost with it: subnet_ids are of different zones."
    }
  }

  depends_on = [aws_iam_role_policy.host] # or Systems Manager would refuse the host at boot, and no playbook reach it
}

# The pair and the function turn them; Terraform makes them once and leaves them where they are.
resource "aws_route" "behind" {
  for_each               = local.routes
  route_table_id         = var.route_table_ids[each.value.table]
  destination_cidr_block = each.value.cidr
  network_interface_id   = aws_network_interface.host["a"].id

  lifecycle {
    ignore_changes = [network_interface_id]
  }
}

# The moves that were made, written by both hosts and the function.
resource "aws_ssm_parameter" "record" {
  #checkov:skip=CKV2_AWS_34:holds times and ids of interfaces, no secret
  name        = "/${var.name}/vpn/moves"
  description = "Moves of the VPN's service address; written by the VPN hosts and vpn_failover"
  type        = "String"
  value       = "[]"

  lifecycle {
    ignore_changes = [value]
  }
}
