# "Month due" on the event queue, from EventBridge Scheduler without a function between (docs/events.md). It comes on several
# days, because a month that cannot start yet is refused and tried again the next day; one that was started is left alone.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  schedule = "${var.name}-month-due"
  own_arn  = "${replace(local.group, ":schedule-group/", ":schedule/")}/${local.schedule}"
  group    = "arn:${data.aws_partition.current.partition}:scheduler:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:schedule-group/${var.name}"
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "Schedule"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.group]
    }
  }
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "TellThePortal"
    actions   = ["sqs:SendMessage"]
    resources = [var.events_queue_arn]
  }

  statement {
    sid       = "SealMessages"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${data.aws_region.current.name}.amazonaws.com"]
    }
  }

  # The schedule itself is sealed, too, and it is this role that opens it when it is due.
  # Source: EventBridge Scheduler User Guide, "Encryption at rest".
  statement {
    sid       = "OpenTheSchedule"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:scheduler:schedule:arn"
      values   = [local.own_arn]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-schedule"
  description        = "Says that a month falls due"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "schedule"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.schedule.json
}

resource "aws_scheduler_schedule_group" "this" {
  name = var.name
}

resource "aws_scheduler_schedule" "month_due" {
  name                         = local.schedule
  description                  = "The month before falls due"
  group_name                   = aws_scheduler_schedule_group.this.name
  schedule_expression          = var.expression
  schedule_expression_timezone = var.time_zone
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.events_queue_arn
    role_arn = aws_iam_role.this.arn
    input    = "{\"type\": \"month_due\", \"version\": 1, \"scheduled_at\": \"<aws.scheduler.scheduled-time>\"}"

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 20
    }
  }
}
