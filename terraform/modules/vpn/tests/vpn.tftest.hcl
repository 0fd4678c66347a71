mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:wake" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/one" }
  }
}

variables {
  name              = "proforma"
  image_id          = "ami-00000000000000002"
  instance_type     = "t3.small"
  standby           = true
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-1"
  route_table_ids   = ["rtb-1", "rtb-2"]
  routes            = { staff = "10.60.0.0/24", "example-a 10.20.30.0/24" = "10.20.30.0/24" }
  tunnels           = 1
  secret_arns       = []
  kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/1"
  log_kms_key_arn   = "arn:aws:kms:eu-central-1:111122223333:key/2"
  alarm_topic_arn   = "arn:aws:sns:eu-central-1:111122223333:alarms"
  failover_zip      = "tests/vpn.tftest.hcl" # any file: it is not run here
  log_days          = 400
}

run "a_standby_brings_a_second_host_and_the_backstop" {
  command = plan

  assert {
    condition     = length(aws_instance.host) == 2 && length(aws_lambda_function.failover) == 1
    error_message = "Two hosts and the function that moves the address."
  }
  assert {
    condition     = alltrue([for interface in aws_network_interface.host : !interface.source_dest_check])
    error_message = "A VPN host would drop what it should forward."
  }
  assert {
    condition     = length(aws_route.behind) == 4
    error_message = "Each network behind the VPN has a route in each table."
  }
  assert {
    condition     = alltrue([for host in aws_instance.host : host.metadata_options[0].http_tokens == "required"])
    error_message = "Metadata are readable without a token."
  }
}

run "the_address_begins_on_a_by_itself" {
  command = plan

  override_resource {
    target          = aws_network_interface.host["a"]
    override_during = plan
    values          = { id = "eni-a" }
  }

  assert {
    condition     = aws_eip.service.network_interface == "eni-a"
    error_message = "The address is on no host, or an association puts it there, which a failover would have Terraform make again."
  }
}

run "one_host_needs_no_backstop_and_recovers_by_itself" {
  command = plan

  variables {
    standby = false
  }

  assert {
    condition     = length(aws_instance.host) == 1 && length(aws_lambda_function.failover) == 0
    error_message = "One host, and nothing that moves."
  }
  assert {
    condition     = anytrue([for action in aws_cloudwatch_metric_alarm.system["a"].alarm_actions : endswith(action, ":ec2:recover")])
    error_message = "Nobody recovers the host."
  }
}

run "a_secret_of_any_name_is_refused" {
  command = plan

  variables {
    secret_arns = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:*"]
  }

  expect_failures = [var.secret_arns]
}

run "routes_to_nowhere_are_refused" {
  command = plan

  variables {
    routes = { staff = "the office" }
  }

  expect_failures = [var.routes]
}
