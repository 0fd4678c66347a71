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

run "another_account_uses_the_key_only_where_it_keeps_copies" {
  command = plan

  assert {
    condition     = length([for one in data.aws_iam_policy_document.key["data"].statement : one if startswith(one.sid, "BackupAccount")]) == 0
    error_message = "A stranger's account may use the key."
  }
}

run "the_account_of_the_copies_may_read_them_and_lend_the_key_to_aws_alone" {
  command = plan

  variables {
    backup_account = "444455556666"
  }

  assert {
    condition = alltrue([
      for action in ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"] : contains(flatten([
        for one in data.aws_iam_policy_document.key["data"].statement : one.actions if one.sid == "BackupAccountCopies"
      ]), action)
    ])
    error_message = "AWS Backup could not copy what this key has encrypted."
  }
  assert {
    condition = [
      for one in data.aws_iam_policy_document.key["data"].statement : [one.actions, [for c in one.condition : c.variable]] if one.sid == "BackupAccountLendsItToAws"
    ] == [[toset(["kms:CreateGrant"]), ["kms:GrantIsForAWSResource"]]]
    error_message = "The other account could lend the key to anybody, or not at all."
  }
  assert {
    condition     = alltrue([for one in data.aws_iam_policy_document.key["data"].statement : alltrue([for who in one.principals : endswith(tolist(who.identifiers)[0], ":iam::444455556666:root")]) if startswith(one.sid, "BackupAccount")])
    error_message = "It is not the account of the copies that may."
  }
  assert {
    condition     = length([for label in ["documents", "logs"] : label if length([for one in data.aws_iam_policy_document.key[label].statement : one if startswith(one.sid, "BackupAccount")]) > 0]) == 0
    error_message = "It may use a key that encrypts nothing of the database."
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
