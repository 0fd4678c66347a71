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
  name                        = "proforma"
  alarm_topic_arn             = "arn:aws:sns:eu-central-1:123456789012:proforma-alarms"
  log_days                    = 400
  log_kms_key_arn             = "arn:aws:kms:eu-central-1:123456789012:key/l"
  queues                      = { celery = "proforma-celery", events = "proforma-events" }
  dead_letter_queues          = { celery = "proforma-celery-dead", events = "proforma-events-dead", vault = "proforma-vault-dead" }
  functions                   = { intake = "proforma-intake", vault = "proforma-vault" }
  database_cluster_identifier = "proforma"
  vpn_instance_ids            = { a = "i-0123456789abcdef0" }
  customers                   = ["acme"]
  group_names                 = { portal = "proforma-portal" }
  load_balancer               = null
}

run "what_must_wake_somebody_does" {
  command = plan

  assert {
    condition = length(setsubtract([
      "tunnel-down", "month-overdue", "certificate-expiring", "backup-missing", "document-checksum",
      "dead-letter-celery", "dead-letter-events", "dead-letter-vault", "intake-failed", "no-portal-host",
    ], keys(aws_cloudwatch_metric_alarm.this))) == 0
    error_message = "An alarm is missing."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([var.alarm_topic_arn]) && length(alarm.alarm_description) > 40])
    error_message = "Every alarm goes to people and says what to do."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["tunnel-down"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["backup-missing"].treat_missing_data == "breaching"
    error_message = "Silence of the VPN or of the backups is an alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["certificate-expiring"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.this["certificate-expiring"].threshold == 30
    error_message = "Thirty days before a certificate ends."
  }
}

run "without_functions_there_are_no_alarms_of_theirs" {
  command = plan
  variables {
    functions     = {}
    load_balancer = { arn_suffix = "app/x/1", target_group_arn_suffix = "targetgroup/x/1" }
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.this), "intake-failed") && contains(keys(aws_cloudwatch_metric_alarm.this), "portal-unhealthy")
    error_message = "Alarms follow what there is."
  }
}

run "dead_letters_are_watched" {
  command = plan
  variables { dead_letter_queues = {} }
  expect_failures = [var.dead_letter_queues]
}
