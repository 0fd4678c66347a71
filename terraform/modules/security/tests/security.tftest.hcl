mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  autoscaling_role_arn = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_proforma"
  name                 = "proforma"
  log_days             = 400
  alarm_emails         = ["operations@provider.example"]
  account_guards       = true
  budget_usd           = null
  deletion_protection  = true
}

run "keys_rotate_and_the_trail_is_complete" {
  command = plan

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation])
    error_message = "A key does not rotate."
  }
  assert {
    condition     = aws_cloudtrail.this.is_multi_region_trail && aws_cloudtrail.this.enable_log_file_validation
    error_message = "The trail misses regions, or could be changed without a trace."
  }
  assert {
    condition     = length(aws_budgets_budget.month) == 0 && length(aws_ebs_encryption_by_default.this) == 1
    error_message = "A budget that nobody asked for, or no guards."
  }
}

run "guards_and_budget_are_options" {
  command = plan

  variables {
    account_guards = false
    budget_usd     = 200
  }

  assert {
    condition     = length(aws_budgets_budget.month) == 1 && length(aws_ebs_encryption_by_default.this) == 0
    error_message = "The options do nothing."
  }
}

run "what_is_no_address_is_refused" {
  command = plan

  variables {
    alarm_emails = ["operations at provider"]
  }

  expect_failures = [var.alarm_emails]
}
