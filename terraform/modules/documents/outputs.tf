output "documents_bucket" {
  description = "Issued documents: versioned and locked"
  value       = { name = aws_s3_bucket.this["documents"].bucket, arn = local.arns.documents }
}

output "inbox_bucket" {
  description = "What customers sent, as it came"
  value       = { name = aws_s3_bucket.this["inbox"].bucket, arn = local.arns.inbox }
}

output "artifacts_bucket" {
  description = "Signed releases"
  value       = { name = aws_s3_bucket.this["artifacts"].bucket, arn = local.arns.artifacts }
}

output "register_bucket" {
  description = "Checksums of documents, written by the witness alone"
  value       = { name = aws_s3_bucket.this["register"].bucket, arn = local.arns.register }
}

output "release_role_arn" {
  description = "Role that brings releases; null while release_principals is empty"
  value       = one(aws_iam_role.release[*].arn)
}

output "vault" {
  description = "The witness: its function and the queue of notices it could not act on"
  value       = { function_name = aws_lambda_function.vault.function_name, dead_letter_queue_name = aws_sqs_queue.vault_dead.name }
}
