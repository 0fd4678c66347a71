output "dashboard_name" {
  description = "The one page to look at"
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarm_names" {
  description = "What wakes people"
  value       = sort([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name])
}

output "log_groups" {
  description = "Logs of hosts by kind"
  value       = { for kind, group in aws_cloudwatch_log_group.hosts : kind => group.name }
}
