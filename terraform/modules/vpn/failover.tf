# The backstop: an alarm wakes the function, which looks for itself and moves only what should be moved.
locals {
  function = "${var.name}-vpn-failover"
}

resource "aws_sns_topic" "wake" {
  count             = var.standby ? 1 : 0
  name              = "${var.name}-vpn-failover"
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "wake" {
  count     = var.standby ? 1 : 0
  topic_arn = aws_sns_topic.wake[0].arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.failover[0].arn
}

resource "aws_lambda_permission" "wake" {
  count         = var.standby ? 1 : 0
  statement_id  = "AlarmsWakeTheBackstop"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.failover[0].function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.wake[0].arn
}

resource "aws_cloudwatch_log_group" "failover" {
  count             = var.standby ? 1 : 0
  name              = "/aws/lambda/${local.function}"
  retention_in_days = var.log_days
  kms_key_id        = var.log_kms_key_arn
}

data "aws_iam_policy_document" "failover_trust" {
  statement {
    sid     = "LambdaTakesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "failover" {
  count                   = var.standby ? 1 : 0
  source_policy_documents = [data.aws_iam_policy_document.move.json]

  statement {
    sid       = "ReadTheMetric"
    actions   = ["cloudwatch:GetMetricData"]
    resources = ["*"] # a metric cannot be named
  }

  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish"]
    resources = [var.alarm_topic_arn]
  }

  statement {
    sid       = "WriteToTheEncryptedTopic"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.failover[0].arn}:*"]
  }
}

resource "aws_iam_role" "failover" {
  count              = var.standby ? 1 : 0
  name               = local.function
  description        = "The backstop that moves the VPN's address"
  assume_role_policy = data.aws_iam_policy_document.failover_trust.json
}

resource "aws_iam_role_policy" "failover" {
  count  = var.standby ? 1 : 0
  name   = "vpn-failover"
  role   = aws_iam_role.failover[0].id
  policy = data.aws_iam_policy_document.failover[0].json
}

# No VPC: it must work when ours does not.
resource "aws_lambda_function" "failover" {
  count            = var.standby ? 1 : 0
  function_name    = local.function
  description      = "Moves the VPN's address and routes when the standby did not"
  role             = aws_iam_role.failover[0].arn
  runtime          = "python3.13"
  handler          = "lambdas.vpn_failover.handler.handler"
  filename         = var.failover_zip
  source_code_hash = filebase64sha256(var.failover_zip)
  timeout          = 60
  memory_size      = 256

  environment {
    variables = {
      ALLOCATION_ID    = aws_eip.service.id
      INTERFACES       = join(",", [for host in keys(local.hosts) : aws_network_interface.host[host].id])
      ROUTE_TABLES     = join(",", var.route_table_ids)
      DESTINATIONS     = join(",", values(var.routes))
      RECORD           = aws_ssm_parameter.record.name
      TUNNELS_EXPECTED = tostring(var.tunnels)
      ALARM_TOPIC_ARN  = var.alarm_topic_arn
    }
  }

  depends_on = [aws_cloudwatch_log_group.failover, aws_iam_role_policy.failover]
}
