locals {
  wake = [for topic in aws_sns_topic.wake : topic.arn]
}

# The hardware below is broken: EC2 puts a host without a standby elsewhere; the function looks whether to move.
resource "aws_cloudwatch_metric_alarm" "system" {
  for_each            = local.hosts
  alarm_name          = "${var.name}-vpn-${each.key}-hardware"
  alarm_description   = "EC2 reports a fault below VPN host ${each.key}, and recovers the host on other hardware. docs/deploy.md"
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed_System"
  dimensions          = { InstanceId = aws_instance.host[each.key].id }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 2
  alarm_actions       = concat([var.alarm_topic_arn, "${local.arn}:automate:${local.region}:ec2:recover"], local.wake)
}

resource "aws_cloudwatch_metric_alarm" "instance" {
  for_each            = local.hosts
  alarm_name          = "${var.name}-vpn-${each.key}-instance"
  alarm_description   = "VPN host ${each.key} does not answer EC2, and is rebooted"
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed_Instance"
  dimensions          = { InstanceId = aws_instance.host[each.key].id }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 3
  alarm_actions       = concat([var.alarm_topic_arn, "${local.arn}:automate:${local.region}:ec2:reboot"], local.wake)
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  for_each            = local.hosts
  alarm_name          = "${var.name}-vpn-${each.key}-silent"
  alarm_description   = "VPN host ${each.key} has not said for three minutes how its tunnels are: charon or the host is down"
  namespace           = "Proforma"
  metric_name         = "TunnelsUp"
  dimensions          = { Host = aws_instance.host[each.key].id } # proforma-ship's; a host is named by its instance
  statistic           = "SampleCount"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "breaching"
  alarm_actions       = concat([var.alarm_topic_arn], local.wake)
}

# No tunnel on either host; fewer than there should be is the observability module's.
resource "aws_cloudwatch_metric_alarm" "tunnels" {
  count               = var.tunnels > 0 ? 1 : 0
  alarm_name          = "${var.name}-vpn-no-tunnel"
  alarm_description   = "No customer's tunnel is up on any VPN host"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 3
  treat_missing_data  = "breaching"
  alarm_actions       = concat([var.alarm_topic_arn], local.wake)

  metric_query {
    id          = "up"
    label       = "Tunnels up on the host that has most"
    expression  = length(local.hosts) > 1 ? "MAX([a, b])" : "MAX([a])"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.hosts

    content {
      id          = metric_query.key
      return_data = false

      metric {
        namespace   = "Proforma"
        metric_name = "TunnelsUp"
        dimensions  = { Host = aws_instance.host[metric_query.key].id }
        stat        = "Maximum"
        period      = 60
      }
    }
  }
}
