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
  name            = "proforma"
  endpoint_id     = "vpce-0123456789abcdef0"
  customers       = { acme = ["10.20.30.0/24"], bolt = ["10.50.60.0/24", "10.20.30.0/24"] }
  zip             = "tests/intake.tftest.hcl" # any file: it is not run here
  inbox_bucket    = { name = "inbox", arn = "arn:aws:s3:::inbox" }
  events_queue    = { url = "https://sqs.eu-central-1.amazonaws.com/123456789012/proforma-events", arn = "arn:aws:sqs:eu-central-1:123456789012:proforma-events" }
  kms_key_arns    = ["arn:aws:kms:eu-central-1:123456789012:key/d"]
  secrets_prefix  = "proforma/intake/"
  log_days        = 400
  log_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/l"
}

run "the_api_is_private_and_only_customers_reach_it" {
  command = plan

  assert {
    condition     = aws_api_gateway_rest_api.this.endpoint_configuration[0].types == tolist(["PRIVATE"])
    error_message = "No address on the internet."
  }
  assert {
    condition     = local.policy.Statement[0].Condition.IpAddress["aws:VpcSourceIp"] == tolist(["10.20.30.0/24", "10.50.60.0/24"])
    error_message = "Customers' networks, each once."
  }
  assert {
    condition     = local.policy.Statement[1].Effect == "Deny" && local.policy.Statement[1].Condition.StringNotEquals["aws:SourceVpce"] == var.endpoint_id
    error_message = "Through no other endpoint."
  }
  assert {
    condition     = local.body["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    error_message = "Bodies arrive as they were sent."
  }
  assert {
    condition     = aws_api_gateway_method_settings.this.settings[0].throttling_rate_limit == 10 && !aws_api_gateway_method_settings.this.settings[0].data_trace_enabled
    error_message = "Throttled, and no body in a log."
  }
}

run "each_customer_has_a_secret" {
  command = plan

  assert {
    condition     = aws_secretsmanager_secret.sender["acme"].name == "proforma/intake/acme" && length(aws_secretsmanager_secret.sender) == 2
    error_message = "A place for each customer's secret, named as the function looks for it."
  }
  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.sender : secret.recovery_window_in_days == 0])
    error_message = "A customer who was removed can come back at once, and not after the days for which AWS keeps the name."
  }
  assert {
    condition     = aws_lambda_function.intake.environment[0].variables.SENDERS_PREFIX == "proforma/intake/" && aws_lambda_function.intake.timeout < 29
    error_message = "The function knows the prefix, and ends before API Gateway gives up."
  }
}

run "the_internet_is_no_customer" {
  command = plan
  variables { customers = { acme = ["0.0.0.0/0"] } }
  expect_failures = [var.customers]
}

run "a_customer_sends_from_somewhere" {
  command = plan
  variables { customers = { acme = [] } }
  expect_failures = [var.customers]
}

run "a_prefix_ends_with_a_slash" {
  command = plan
  variables { secrets_prefix = "proforma/intake" }
  expect_failures = [var.secrets_prefix]
}
