output "kms_keys" {
  description = "ARNs of the keys: `data` (database, disks, queues, secrets, topics), `documents`, `logs`"
  value       = { for name, key in aws_kms_key.this : name => key.arn }
}

output "log_bucket" {
  description = "Bucket of CloudTrail, flow logs (`flow-logs/`) and S3's access logs (`s3/<bucket>/`)"
  value       = { name = aws_s3_bucket.logs.id, arn = aws_s3_bucket.logs.arn }
  depends_on  = [aws_s3_bucket_policy.logs] # before it, AWS refuses to write there
}

output "alarm_topic_arn" {
  description = "SNS topic that tells people"
  value       = aws_sns_topic.alarms.arn
}

output "trail_arn" {
  description = "CloudTrail's trail"
  value       = aws_cloudtrail.this.arn
}
