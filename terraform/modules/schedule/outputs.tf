output "schedule_names" {
  description = "The schedules"
  value       = [aws_scheduler_schedule.month_due.name]
}

output "role_arn" {
  description = "Role of the schedules"
  value       = aws_iam_role.this.arn
}
