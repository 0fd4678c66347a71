# Worker hosts, as many as there is work. With hosts.max = 0 (small) there is no group: the portal host does the work.

data "aws_default_tags" "here" {}

locals {
  # a group passes on no default tags; the inventory of EC2 finds hosts by Product and Role
  tags = merge(data.aws_default_tags.here.tags, { Name = "${var.name}-worker", Role = "worker" })

  groups = var.hosts.max > 0 ? toset(["worker"]) : toset([])

  boot = {
    kinds                = ["worker"]
    region               = local.region
    artifacts_bucket     = var.artifacts_bucket.name
    configuration_secret = one(aws_secretsmanager_secret.configuration[*].name)
  }
}

# Without a value until playbooks/appliance.yml stores one: variables of the roles, and which playbooks a new host plays.
resource "aws_secretsmanager_secret" "configuration" {
  #checkov:skip=CKV2_AWS_57:not a password; each run of appliance.yml stores it anew
  count = length(local.groups)

  name                    = "${var.name}/worker/configuration"
  description             = "What worker hosts configure themselves by when they boot"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 0 # one run of the playbook makes it again
}

resource "aws_launch_template" "this" {
  for_each = local.groups

  name          = "${var.name}-worker"
  description   = "A worker host from the baked image"
  image_id      = var.image_id
  instance_type = var.instance_type
  user_data     = base64encode(templatefile("${path.module}/boot.yml", { boot = jsonencode(local.boot) }))

  update_default_version = true

  iam_instance_profile {
    arn = aws_iam_instance_profile.worker.arn
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = false
    security_groups             = [var.security_group_id]
  }

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
}

resource "aws_autoscaling_group" "this" {
  for_each = local.groups

  name                      = "${var.name}-worker"
  min_size                  = var.hosts.min
  max_size                  = var.hosts.max
  vpc_zone_identifier       = var.subnet_ids
  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_instance_warmup   = 300
  service_linked_role_arn   = var.autoscaling_role_arn # the one that may use our keys
  enabled_metrics           = ["GroupInServiceInstances", "GroupDesiredCapacity"]

  launch_template {
    id      = aws_launch_template.this[each.key].id
    version = aws_launch_template.this[each.key].latest_version
  }

  # A new image or another boot replaces hosts one after the other; what a worker had begun, another one goes on with.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
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

  depends_on = [aws_iam_role_policy_attachment.worker]
}

# Each worker for itself takes a few messages a minute; what matters is how many wait for one host.
resource "aws_autoscaling_policy" "queue" {
  for_each = local.groups

  name                   = "${var.name}-worker-queue"
  autoscaling_group_name = aws_autoscaling_group.this[each.key].name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.messages_per_host

    customized_metric_specification {
      metrics {
        id          = "waiting"
        return_data = false

        metric_stat {
          stat = "Sum"

          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesVisible"

            dimensions {
              name  = "QueueName"
              value = aws_sqs_queue.this["celery"].name
            }
          }
        }
      }

      metrics {
        id          = "hosts"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/AutoScaling"
            metric_name = "GroupInServiceInstances"

            dimensions {
              name  = "AutoScalingGroupName"
              value = aws_autoscaling_group.this[each.key].name
            }
          }
        }
      }

      metrics {
        id          = "each"
        expression  = "waiting / IF(hosts > 0, hosts, 1)"
        label       = "Messages that wait for one host"
        return_data = true
      }
    }
  }
}
