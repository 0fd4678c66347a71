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
  name             = "proforma"
  events_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:proforma-events"
  kms_key_arn      = "arn:aws:kms:eu-central-1:123456789012:key/d"
  time_zone        = "Europe/Berlin"
  expression       = "cron(0 6 1-10 * ? *)"
}

run "the_message_is_as_the_portal_reads_it" {
  command = plan

  assert {
    condition     = jsondecode(aws_scheduler_schedule.month_due.target[0].input) == { type = "month_due", version = 1, scheduled_at = "<aws.scheduler.scheduled-time>" }
    error_message = "As docs/events.md says."
  }
  assert {
    condition     = aws_scheduler_schedule.month_due.schedule_expression_timezone == "Europe/Berlin" && aws_scheduler_schedule.month_due.flexible_time_window[0].mode == "OFF"
    error_message = "At the time that was asked for."
  }
}

run "a_rate_is_no_calendar" {
  command = plan
  variables { expression = "rate(1 day)" }
  expect_failures = [var.expression]
}

run "a_time_zone_has_a_name" {
  command = plan
  variables { time_zone = "+01:00" }
  expect_failures = [var.time_zone]
}

run "a_queue_is_named_by_its_arn" {
  command = plan
  variables { events_queue_arn = "https://sqs.eu-central-1.amazonaws.com/1/q" }
  expect_failures = [var.events_queue_arn]
}
