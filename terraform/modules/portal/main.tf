# Portal hosts from the baked image, replaced one after the other. One host keeps a fixed address and is made again when it
# fails; several stand behind an internal load balancer.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

data "aws_default_tags" "here" {}

locals {
  # a group passes on no default tags; the inventory of EC2 finds hosts by Product and Role
  tags = merge(data.aws_default_tags.here.tags, { Name = "${var.name}-portal", Role = join("-", var.kinds) })

  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition
  balanced  = var.load_balancer != null
  released  = nonsensitive(aws_ssm_parameter.release.value) != "none"

  # no secret: the host fetches all else by its role
  boot = {
    kinds                = var.kinds
    region               = local.region
    artifacts_bucket     = var.artifacts_bucket.name
    configuration_secret = aws_secretsmanager_secret.configuration.name
  }
}

resource "aws_launch_template" "this" {
  name          = "${var.name}-portal"
  description   = "A portal host from the baked image"
  image_id      = var.image_id
  instance_type = var.instance_type
  user_data     = base64encode(templatefile("${path.module}/boot.yml", { boot = jsonencode(local.boot) }))

  update_default_version = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = false
    private_ip_address          = var.fixed_address
    security_groups             = var.security_group_ids
  }

  # One hop: what runs in a container or behind a proxy on the host cannot ask for the role's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted   = true
      kms_key_id  = var.kms_key_arn
      volume_type = "gp3"
      volume_size = 20
      throughput  = 125
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = local.tags
  }

  lifecycle {
    precondition {
      condition     = var.fixed_address == null || (var.hosts.max == 1 && !local.balanced)
      error_message = "A fixed address is for one host without a load balancer: set hosts.max = 1, or leave the address to the load balancer."
    }
    precondition {
      condition     = local.balanced || var.hosts.max == 1
      error_message = "More than one portal host needs the load balancer: staff would reach only one of them."
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                = "${var.name}-portal"
  min_size            = var.hosts.min
  max_size            = var.hosts.max
  vpc_zone_identifier = var.fixed_address == null ? var.subnet_ids : slice(var.subnet_ids, 0, 1)
  target_group_arns   = aws_lb_target_group.this[*].arn
  # until the pointer names a release no host answers the balancer, and a group that listened to it would replace them for ever
  health_check_type         = local.balanced && local.released ? "ELB" : "EC2"
  health_check_grace_period = 600
  default_instance_warmup   = 300
  service_linked_role_arn   = var.autoscaling_role_arn # the one that may use our keys
  enabled_metrics           = ["GroupInServiceInstances", "GroupDesiredCapacity"]

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  # One host must go before the next can have its address: some minutes without portal. Several are never fewer.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = local.balanced ? 100 : 0
      max_healthy_percentage = local.balanced ? 200 : 100
      auto_rollback          = true
    }
  }

  dynamic "tag" {
    for_each = local.tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    ignore_changes = [desired_capacity]
  }

  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy_attachment.extra]
}
