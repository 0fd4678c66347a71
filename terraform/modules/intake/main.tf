# The door for what customers' systems send: private REST API -> function -> inbox bucket and event queue.
# app/lambdas/intake/README.md says what senders see and what the function needs.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.name
  partition = data.aws_partition.current.partition
  function  = "${var.name}-intake"
  sources   = sort(distinct(flatten(values(var.customers))))
  secrets   = "arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:${var.secrets_prefix}*"
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "Run"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "intake" {
  statement {
    sid       = "KeepBodies"
    actions   = ["s3:PutObject"]
    resources = ["${var.inbox_bucket.arn}/*"]
  }

  statement {
    sid       = "SeeWhatWasTold"
    actions   = ["s3:GetObject"]
    resources = ["${var.inbox_bucket.arn}/told/*"]
  }

  # Without it S3 answers 403 where it means 404.
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [var.inbox_bucket.arn]
  }

  statement {
    sid       = "TellThePortal"
    actions   = ["sqs:SendMessage"]
    resources = [var.events_queue.arn]
  }

  statement {
    sid       = "KnowSenders"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [local.secrets]
  }

  statement {
    sid       = "SealAndUnseal"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = var.kms_key_arns

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "sqs", "secretsmanager"] : "${service}.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_iam_role" "intake" {
  name               = local.function
  description        = "Takes what customers send"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "intake" {
  name   = "intake"
  role   = aws_iam_role.intake.name
  policy = data.aws_iam_policy_document.intake.json
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${local.function}"
  retention_in_days = var.log_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_lambda_function" "intake" {
  function_name    = local.function
  description      = "Checks and keeps what customers send, and tells the portal"
  role             = aws_iam_role.intake.arn
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  handler          = "lambdas.intake.handler.handler"
  runtime          = "python3.13"
  timeout          = 25 # API Gateway gives up after 29
  memory_size      = 256

  environment {
    variables = {
      INBOX_BUCKET     = var.inbox_bucket.name
      EVENTS_QUEUE_URL = var.events_queue.url
      SENDERS_PREFIX   = var.secrets_prefix
      SENDERS_TTL      = "60"
      WINDOW_SECONDS   = "300"
      MOST_BYTES       = "1048576"
    }
  }

  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.intake]
}

resource "aws_lambda_permission" "api" {
  statement_id   = "PrivateApi"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.intake.function_name
  principal      = "apigateway.amazonaws.com"
  source_account = local.account
  source_arn     = "${aws_api_gateway_rest_api.this.execution_arn}/${local.stage}/POST/inbox/*/*"
}
