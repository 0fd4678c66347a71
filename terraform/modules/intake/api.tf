# A private API: it has no address on the internet, only the endpoint in our network, and it has no mutual TLS. Who sends is
# known by the source address here, and by HMAC, Basic or API key in the function.

locals {
  stage = "v1"

  policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ThroughOurEndpointFromCustomers"
        Effect    = "Allow"
        Principal = "*"
        Action    = "execute-api:Invoke"
        Resource  = "execute-api:/${local.stage}/POST/inbox/*"
        Condition = { IpAddress = { "aws:VpcSourceIp" = local.sources } }
      },
      {
        Sid       = "NoOtherWay"
        Effect    = "Deny"
        Principal = "*"
        Action    = "execute-api:Invoke"
        Resource  = "execute-api:/*"
        Condition = { StringNotEquals = { "aws:SourceVpce" = var.endpoint_id } }
      },
    ]
  }

  refusal = {
    statusCode         = 403
    responseTemplates  = { "application/json" = jsonencode({ status = "refused", reference = "$context.requestId" }) }
    responseParameters = { "gatewayresponse.header.Cache-Control" = "'no-store'" }
  }

  body = {
    openapi                                = "3.0.1"
    info                                   = { title = "${var.name}-intake", version = "1" }
    x-amazon-apigateway-policy             = local.policy
    x-amazon-apigateway-binary-media-types = ["*/*"] # or a body that is not UTF-8 is changed before the function sees it
    x-amazon-apigateway-request-validators = {
      all = { validateRequestBody = true, validateRequestParameters = true }
    }
    x-amazon-apigateway-request-validator = "all"
    x-amazon-apigateway-gateway-responses = {
      ACCESS_DENIED                = local.refusal
      MISSING_AUTHENTICATION_TOKEN = local.refusal # what API Gateway says of an unknown path
      THROTTLED = {
        statusCode         = 429
        responseTemplates  = { "application/json" = jsonencode({ status = "later", reference = "$context.requestId" }) }
        responseParameters = { "gatewayresponse.header.Retry-After" = "'30'" }
      }
      REQUEST_TOO_LARGE = {
        statusCode        = 413
        responseTemplates = { "application/json" = jsonencode({ status = "refused", reference = "$context.requestId" }) }
      }
    }
    paths = {
      "/inbox/{kind}/{customer}" = {
        post = {
          operationId = "inbox"
          parameters = [
            { name = "kind", in = "path", required = true, schema = { type = "string" } },
            { name = "customer", in = "path", required = true, schema = { type = "string" } },
            { name = "Content-Type", in = "header", required = true, schema = { type = "string" } },
          ]
          responses = { for status in ["202", "400", "401", "403", "413", "415", "429", "500", "503"] : status => { description = "app/lambdas/intake/README.md" } }
          x-amazon-apigateway-integration = {
            type                = "aws_proxy"
            httpMethod          = "POST"
            uri                 = aws_lambda_function.intake.invoke_arn
            passthroughBehavior = "when_no_match"
            timeoutInMillis     = 29000
          }
        }
      }
    }
  }
}

resource "aws_api_gateway_rest_api" "this" {
  name                         = "${var.name}-intake"
  description                  = "What customers' systems send: acknowledgements"
  body                         = jsonencode(local.body)
  disable_execute_api_endpoint = false # the endpoint in our network reaches it by that name
  tags                         = { Name = "${var.name}-intake" }

  endpoint_configuration {
    types            = ["PRIVATE"]
    vpc_endpoint_ids = [var.endpoint_id]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  triggers    = { body = sha256(jsonencode(local.body)) }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}-intake"
  retention_in_days = var.log_days
  kms_key_id        = var.log_kms_key_arn
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV2_AWS_4:execution logs can hold values of headers, customers' passwords among them; access logs say who, what and when
  #checkov:skip=CKV2_AWS_51:a client certificate proves API Gateway to a server of one's own; behind this is a function
  #checkov:skip=CKV_AWS_120:takes what customers send; there is nothing to answer from a cache
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = local.stage

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      request_id = "$context.requestId"
      source     = "$context.identity.sourceIp"
      method     = "$context.httpMethod"
      path       = "$context.path"
      status     = "$context.status"
      bytes      = "$context.responseLength"
      ms         = "$context.responseLatency"
      error      = "$context.error.responseType"
      at         = "$context.requestTimeEpoch"
    })
  }
}

resource "aws_api_gateway_method_settings" "this" {
  #checkov:skip=CKV_AWS_225:takes what customers send; there is nothing to answer from a cache
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  # Never data tracing: it would write bodies and secrets of customers into a log.
  settings {
    throttling_rate_limit  = var.throttle.rate
    throttling_burst_limit = var.throttle.burst
    metrics_enabled        = true
    logging_level          = "OFF"
    data_trace_enabled     = false
    caching_enabled        = false
  }
}
