mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name                = "proforma"
  kms_keys            = { data = "arn:aws:kms:eu-central-1:123456789012:key/d", documents = "arn:aws:kms:eu-central-1:123456789012:key/o" }
  log_bucket          = { name = "proforma-logs-123456789012", arn = "arn:aws:s3:::proforma-logs-123456789012" }
  retention_days      = 3650
  inbox_days          = 90
  vault_zip           = "tests/documents.tftest.hcl" # any file: it is not run here
  log_days            = 400
  log_kms_key_arn     = "arn:aws:kms:eu-central-1:123456789012:key/l"
  alarm_topic_arn     = "arn:aws:sns:eu-central-1:123456789012:proforma-alarms"
  release_principals  = ["arn:aws:iam::123456789012:role/builder"]
  deletion_protection = true
}

run "documents_and_register_are_locked_for_the_retention" {
  command = plan

  assert {
    condition     = toset(keys(aws_s3_bucket_object_lock_configuration.this)) == toset(["documents", "register"])
    error_message = "Documents and register are locked, and nothing else."
  }
  assert {
    condition     = alltrue([for lock in aws_s3_bucket_object_lock_configuration.this : lock.rule[0].default_retention[0].days == 3650 && lock.rule[0].default_retention[0].mode == "GOVERNANCE"])
    error_message = "The lock is governance, and as long as the retention."
  }
  assert {
    condition     = aws_lambda_function.vault.environment[0].variables.LOCK_DAYS == "3650"
    error_message = "The witness expects the same days."
  }
  assert {
    condition     = alltrue([for noun in ["documents", "register"] : [for rule in aws_s3_bucket_lifecycle_configuration.this[noun].rule : rule.id] == ["unfinished-uploads"]])
    error_message = "What was issued stays after its lock: people delete it, no rule does."
  }
}

run "every_bucket_is_private_sealed_and_versioned" {
  command = plan

  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.this) == 4
    error_message = "All four buckets refuse to be public."
  }
  assert {
    condition     = alltrue([for noun, sealed in aws_s3_bucket_server_side_encryption_configuration.this : one(sealed.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == (contains(["documents", "register"], noun) ? var.kms_keys.documents : var.kms_keys.data)])
    error_message = "Documents and register are sealed with the documents' key, the others with the data key."
  }
  assert {
    condition     = alltrue([for kept in aws_s3_bucket_versioning.this : kept.versioning_configuration[0].status == "Enabled"])
    error_message = "All buckets keep versions."
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : !bucket.force_destroy])
    error_message = "Buckets refuse to be destroyed while anything is in them."
  }
  assert {
    condition     = length(data.aws_iam_policy_document.tls_only) == 4
    error_message = "All buckets refuse what is not TLS."
  }
}

run "only_failed_messages_of_a_batch_come_back" {
  command = plan

  assert {
    condition     = contains(aws_lambda_event_source_mapping.vault.function_response_types, "ReportBatchItemFailures")
    error_message = "The witness reports failed messages one by one."
  }
  assert {
    condition     = aws_sqs_queue.vault.visibility_timeout_seconds == 6 * aws_lambda_function.vault.timeout
    error_message = "A message is hidden for six times the function's timeout."
  }
}

run "without_anybody_to_bring_releases_there_is_no_role" {
  command = plan
  variables { release_principals = [] }

  assert {
    condition     = output.release_role_arn == null
    error_message = "No principals, no role."
  }
}

run "a_whole_account_may_not_bring_releases" {
  command = plan
  variables { release_principals = ["arn:aws:iam::123456789012:root"] }
  expect_failures = [var.release_principals]
}

run "bodies_outlive_the_dead_letter_queue" {
  command = plan
  variables { inbox_days = 14 }
  expect_failures = [var.inbox_days]
}

run "a_retention_is_a_whole_number_of_days" {
  command = plan
  variables { retention_days = 0.5 }
  expect_failures = [var.retention_days]
}

run "a_zip_that_was_not_built_is_missed_before_anything_is_made" {
  command = plan
  variables { vault_zip = "nowhere/vault.zip" }
  expect_failures = [var.vault_zip]
}
