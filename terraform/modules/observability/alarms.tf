# An alarm is here only if somebody has something to do when it comes; each says what in its description, which is in the mail.
# Hosts come and go, so their figures are asked for over all of them (Metrics Insights). `missing`: what silence means.

locals {
  # over all hosts that send figures: name -> question
  fleet = {
    month-overdue        = { query = "MAX(MonthsLate)", over = 0, period = 3600, times = 2, missing = "missing", says = "A month is late. The portal's home page says which, and what it waits for." }
    work-stopped         = { query = "MAX(WorkStopped)", over = 0, period = 300, times = 3, missing = "missing", says = "A unit of work has given up. The portal's page Dispatch says which; docs/staff.md what to do." }
    work-overdue         = { query = "MAX(WorkOverdue)", over = 0, period = 300, times = 3, missing = "missing", says = "Work waits and nobody does it: look at the workers (systemctl status proforma-worker)." }
    tunnel-down          = { query = "MIN(TunnelsDown)", over = 0, period = 60, times = 5, missing = "breaching", says = "A customer's tunnel is down on every VPN host, or no VPN host says anything. On the host: journalctl -u vpn-watchdog." }
    certificate-expiring = { query = "MIN(DaysUntilFirstCertificateEnds)", under = 30, period = 3600, times = 1, missing = "missing", says = "A certificate on a host ends within 30 days: docs/pki.md, then rotate_certificates.yml." }
    backup-old           = { query = "MAX(BackupAgeHours)", over = 26, period = 3600, times = 2, missing = "notBreaching", says = "A host's own backup is older than a day: journalctl -u proforma-backup." }
    host-errors          = { query = "MAX(Errors)", over = 0, period = 300, times = 3, missing = "breaching", says = "The doctor of a host finds an error, or no host says anything: playbooks/doctor.yml." }
    disk-full            = { query = "MIN(DiskFreePercent)", under = 10, period = 300, times = 3, missing = "missing", says = "A disk of a host is nearly full: playbooks/doctor.yml says which." }
    clock-wrong          = { query = "MAX(ClockOffset)", over = 5, period = 300, times = 3, missing = "missing", says = "A host's clock is wrong by more than 5 seconds: certificates and signatures will fail. chronyc tracking." }
  }

  # a metric of AWS or of a function: namespace, name, dimensions
  singles = merge(
    { for label, queue in var.dead_letter_queues : "dead-letter-${label}" => {
      at   = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName = queue }], stat = "Maximum", over = 0, period = 60, times = 1, missing = "notBreaching",
      says = "A message could not be acted on and lies in ${queue} for 14 days. The consumer's log says why; then: aws sqs start-message-move-task."
    } },
    { for label, queue in var.queues : "waiting-${label}" => {
      at   = ["AWS/SQS", "ApproximateAgeOfOldestMessage", { QueueName = queue }], stat = "Maximum", over = 900, period = 300, times = 2, missing = "notBreaching",
      says = "A message waits in ${queue} for more than a quarter of an hour: nobody takes it. Look at the workers."
    } },
    { for label, function in var.functions : "function-${label}" => {
      at   = ["AWS/Lambda", "Errors", { FunctionName = function }], stat = "Sum", over = 0, period = 300, times = 1, missing = "notBreaching",
      says = "The function ${function} failed. Its log: /aws/lambda/${function}."
    } },
    { for label, function in var.functions : "throttled-${label}" => {
      at   = ["AWS/Lambda", "Throttles", { FunctionName = function }], stat = "Sum", over = 0, period = 300, times = 3, missing = "notBreaching",
      says = "The function ${function} is not run as often as it is called: raise the account's limit of concurrent functions."
    } },
    { for label, group in var.group_names : "no-${label}-host" => {
      at   = ["AWS/AutoScaling", "GroupInServiceInstances", { AutoScalingGroupName = group }], stat = "Maximum", under = 1, period = 60, times = 10, missing = "breaching",
      says = "No ${label} host is in service for ten minutes, and the group has not made one: its activity history says why."
    } },
    contains(keys(var.functions), "intake") ? { intake-failed = {
      at   = ["Proforma", "IntakeFailed", { Function = "intake" }], stat = "Sum", over = 0, period = 300, times = 1, missing = "notBreaching",
      says = "A customer's message could not be taken; the customer tries again. The line intake_failed in the function's log says why."
    } } : {},
    contains(keys(var.functions), "vault") ? { document-checksum = {
      at   = ["Proforma", "DocumentAlarm", { Function = "vault" }], stat = "Sum", over = 0, period = 60, times = 1, missing = "notBreaching",
      says = "A document is not what it was when it was issued, or not locked. app/lambdas/vault/README.md says what each finding means."
    } } : {},
    contains(keys(var.functions), "vpn_failover") ? { vpn-held = {
      at   = ["Proforma", "VpnHeld", { Function = "vpn_failover" }], stat = "Sum", over = 0, period = 300, times = 1, missing = "notBreaching",
      says = "The VPN's address should move, and a rule forbids it. A person has to look: the function's log says which rule."
    } } : {},
    {
      database-full = {
        at   = ["AWS/RDS", "ACUUtilization", { DBClusterIdentifier = var.database_cluster_identifier }], stat = "Average", over = 95, period = 300, times = 6, missing = "notBreaching",
        says = "The database is at its greatest capacity for half an hour: raise database.max_capacity."
      }
      backup-missing = {
        at   = ["AWS/RDS", "BackupRetentionPeriodStorageUsed", { DBClusterIdentifier = var.database_cluster_identifier }], stat = "Maximum", under = 1, period = 86400, times = 1, missing = "breaching",
        says = "AWS reports no backup of the database within its retention: look at the cluster's backup_retention_period and latest restorable time."
      }
    },
    var.load_balancer == null ? {} : {
      portal-unhealthy = {
        at   = ["AWS/ApplicationELB", "UnHealthyHostCount", { LoadBalancer = var.load_balancer.arn_suffix, TargetGroup = var.load_balancer.target_group_arn_suffix }], stat = "Maximum", over = 0, period = 60, times = 15, missing = "notBreaching",
        says = "A portal host is not healthy for a quarter of an hour, and was not replaced."
      }
    },
  )

  alarms = merge(
    { for name, one in local.fleet : name => merge({ at = null, stat = null }, one, { query = "SELECT ${one.query} FROM SCHEMA(\"Proforma\", Host)" }) },
    { for name, one in local.singles : name => merge({ query = null }, one) },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  comparison_operator = can(each.value.under) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.under, each.value.over)
  evaluation_periods  = each.value.times
  treat_missing_data  = each.value.missing
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  namespace   = try(each.value.at[0], null)
  metric_name = try(each.value.at[1], null)
  dimensions  = try(each.value.at[2], null)
  statistic   = each.value.stat
  period      = each.value.query == null ? each.value.period : null

  dynamic "metric_query" {
    for_each = each.value.query == null ? [] : [each.value.query]

    content {
      id          = "hosts"
      expression  = metric_query.value
      period      = each.value.period
      return_data = true
    }
  }

  tags = { Name = "${var.name}-${each.key}" }
}
