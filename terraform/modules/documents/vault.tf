# The witness: documents bucket -> queue -> function -> register. app/lambdas/vault/README.md says what it needs.

locals {
  vault_name     = "${var.name}-vault"
  vault_role_arn = "arn:${local.partition}:iam::${local.account}:role/${local.vault_name}"
  vault_timeout  = 60
}

# The queue's own key: notifications of S3 into a queue with a customer's key would need S3 in that key's policy.
resource "aws_sqs_queue" "vault_dead" {
  name                      = "${local.vault_name}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = { Name = "${local.vault_name}-dead" }
}

resource "aws_sqs_queue" "vault" {
  name                       = local.vault_name
  visibility_timeout_seconds = 6 * local.vault_timeout
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.vault_dead.arn, maxReceiveCount = 5 })
  tags                       = { Name = local.vault_name }
}

data "aws_iam_policy_document" "vault_queue" {
  statement {
    sid       = "DocumentsBucketTells"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.vault.arn]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.arns.documents]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sqs_queue_policy" "vault" {
  queue_url = aws_sqs_queue.vault.url
  policy    = data.aws_iam_policy_document.vault_queue.json
}

resource "aws_s3_bucket_notification" "documents" {
  bucket = aws_s3_bucket.this["documents"].id

  queue {
    id        = "witness"
    queue_arn = aws_sqs_queue.vault.arn
    events    = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
  }

  depends_on = [aws_sqs_queue_policy.vault]
}

data "aws_iam_policy_document" "lambda_trust" {
  statement {
    sid     = "Run"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "vault" {
  statement {
    sid       = "TakeNotices"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
    resources = [aws_sqs_queue.vault.arn]
  }

  statement {
    sid       = "LookAtDocuments"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention"]
    resources = ["${local.arns.documents}/*"]
  }

  statement {
    sid       = "ListDocumentsAndRegister"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [local.arns.documents, local.arns.register]
  }

  statement {
    sid       = "WriteTheRegister"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.arns.register}/*"]
  }

  statement {
    sid       = "UnsealAndSeal"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_keys.documents]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${data.aws_region.current.name}.amazonaws.com"]
    }
  }

  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish"]
    resources = [var.alarm_topic_arn]
  }

  statement {
    sid       = "SealWhatPeopleAreTold"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_keys.data]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${data.aws_region.current.name}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.vault.arn}:*"]
  }
}

resource "aws_iam_role" "vault" {
  name               = local.vault_name
  description        = "The witness of documents' checksums"
  assume_role_policy = data.aws_iam_policy_document.lambda_trust.json
}

resource "aws_iam_role_policy" "vault" {
  name   = "vault"
  role   = aws_iam_role.vault.name
  policy = data.aws_iam_policy_document.vault.json
}

resource "aws_cloudwatch_log_group" "vault" {
  name              = "/aws/lambda/${local.vault_name}"
  retention_in_days = var.log_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_lambda_function" "vault" {
  function_name    = local.vault_name
  description      = "Notes the checksum of every document where the portal cannot write"
  role             = aws_iam_role.vault.arn
  filename         = var.vault_zip
  source_code_hash = filebase64sha256(var.vault_zip)
  handler          = "lambdas.vault.handler.handler"
  runtime          = "python3.13"
  timeout          = local.vault_timeout
  memory_size      = 256

  environment {
    variables = {
      REGISTER_BUCKET = local.names.register
      LOCK_DAYS       = tostring(var.retention_days)
      ALARM_TOPIC_ARN = var.alarm_topic_arn
    }
  }

  depends_on = [aws_cloudwatch_log_group.vault, aws_iam_role_policy.vault]
}

resource "aws_lambda_event_source_mapping" "vault" {
  event_source_arn        = aws_sqs_queue.vault.arn
  function_name           = aws_lambda_function.vault.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 5
  }
}
