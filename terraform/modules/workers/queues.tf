# Two queues, each with its dead letters: `celery` wakes workers (the row in the database is the truth), `events` brings what
# customers sent and months that fall due (docs/events.md).

locals {
  queues = {
    # celery's own visibility is PROFORMA_BROKER_VISIBILITY_SECONDS; both are 120 seconds
    celery = { visibility = 120, kept = 3600, receives = 10 }
    events = { visibility = 120, kept = 1209600, receives = 6 }
  }
}

resource "aws_sqs_queue" "dead" {
  for_each = local.queues

  name                              = "${var.name}-${each.key}-dead"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 3600
  tags                              = { Name = "${var.name}-${each.key}-dead" }
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                              = "${var.name}-${each.key}"
  visibility_timeout_seconds        = each.value.visibility
  message_retention_seconds         = each.value.kept
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = 3600
  redrive_policy                    = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn, maxReceiveCount = each.value.receives })
  tags                              = { Name = "${var.name}-${each.key}" }
}

data "aws_iam_policy_document" "queue" {
  for_each = merge(
    { for noun, queue in aws_sqs_queue.this : noun => queue.arn },
    { for noun, queue in aws_sqs_queue.dead : "${noun}-dead" => queue.arn },
  )

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = aws_sqs_queue.this

  queue_url = each.value.url
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

resource "aws_sqs_queue_policy" "dead" {
  for_each = aws_sqs_queue.dead

  queue_url = each.value.url
  policy    = data.aws_iam_policy_document.queue["${each.key}-dead"].json
}
