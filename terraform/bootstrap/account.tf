# API Gateway writes access logs by one role for the whole account and region, and refuses a stage with access logs while there is none.
# By option: another team may have set one (`aws apigateway get-account` shows it), and it would be replaced.
data "aws_iam_policy_document" "api_gateway_logs" {
  statement {
    sid     = "ApiGatewayTakesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

# Not named like the installation's own roles: it is the account's, and goes when the bootstrap does.
resource "aws_iam_role" "api_gateway_logs" {
  count              = var.api_gateway_logs ? 1 : 0
  name               = "api-gateway-logs-${var.name}"
  description        = "API Gateway of this account and region writes its logs"
  assume_role_policy = data.aws_iam_policy_document.api_gateway_logs.json
}

resource "aws_iam_role_policy_attachment" "api_gateway_logs" {
  count      = length(aws_iam_role.api_gateway_logs)
  role       = aws_iam_role.api_gateway_logs[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  count               = length(aws_iam_role.api_gateway_logs)
  cloudwatch_role_arn = aws_iam_role.api_gateway_logs[0].arn

  depends_on = [aws_iam_role_policy_attachment.api_gateway_logs]
}
