# Where logs go, and the one page to look at. What wakes people stands in alarms.tf.

data "aws_region" "current" {}

resource "aws_cloudwatch_log_group" "hosts" {
  for_each = toset(["portal", "worker", "vpn"])

  name              = "/${var.name}/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = var.log_kms_key_arn
}

locals {
  region = data.aws_region.current.name

  # title -> metrics, as a dashboard's body has them
  graphs = {
    "1 Months that are late, work that waits or stands" = [
      for figure in ["MonthsLate", "WorkOverdue", "WorkStopped"] : [{ expression = "SELECT MAX(${figure}) FROM SCHEMA(\"Proforma\", Host)", label = figure, period = 300 }]
    ]
    "2 Tunnels to ${length(var.customers)} customers: up, and missing at the best host" = [
      [{ expression = "SELECT MAX(TunnelsUp) FROM SCHEMA(\"Proforma\", Host)", label = "up", period = 60 }],
      [{ expression = "SELECT MIN(TunnelsDown) FROM SCHEMA(\"Proforma\", Host)", label = "missing", period = 60 }],
    ]
    "3 Messages that wait" = [for label, queue in var.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { label = label }]]
    "4 Dead letters"       = [for label, queue in var.dead_letter_queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { label = label }]]
    "5 Functions: errors"  = [for label, function in var.functions : ["AWS/Lambda", "Errors", "FunctionName", function, { label = label, stat = "Sum" }]]
    "6 What customers sent, documents that are not what they were" = [
      ["Proforma", "IntakeTaken", "Function", "intake", { stat = "Sum" }],
      ["Proforma", "IntakeRefused", "Function", "intake", { stat = "Sum" }],
      ["Proforma", "IntakeFailed", "Function", "intake", { stat = "Sum" }],
      ["Proforma", "DocumentAlarm", "Function", "vault", { stat = "Sum" }],
    ]
    "7 Database: capacity used (per cent), connections" = [
      ["AWS/RDS", "ACUUtilization", "DBClusterIdentifier", var.database_cluster_identifier],
      ["AWS/RDS", "DatabaseConnections", "DBClusterIdentifier", var.database_cluster_identifier],
    ]
    "8 Hosts: in service, and processors" = concat(
      [for label, group in var.group_names : ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", group, { label = label }]],
      [for label, group in var.group_names : ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", group, { label = "${label} CPU", yAxis = "right" }]],
      [for label, id in var.vpn_instance_ids : ["AWS/EC2", "CPUUtilization", "InstanceId", id, { label = "vpn ${label} CPU", yAxis = "right" }]],
    )
  }

  titles = sort(keys(local.graphs))
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{ type = "alarm", x = 0, y = 0, width = 24, height = 3, properties = { title = "What is wrong now", alarms = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn]) } }],
      [for place, title in local.titles : {
        type       = "metric"
        x          = place % 2 * 12
        y          = 3 + floor(place / 2) * 6
        width      = 12
        height     = 6
        properties = { title = substr(title, 2, -1), region = local.region, view = "timeSeries", period = 300, metrics = local.graphs[title] }
      }],
    )
  })
}
