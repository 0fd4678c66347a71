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
  autoscaling_role_arn  = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_proforma"
  name                  = "proforma"
  image_id              = "ami-0123456789abcdef0"
  instance_type         = "t3.medium"
  hosts                 = { min = 1, max = 3 }
  subnet_ids            = ["subnet-a", "subnet-b"]
  security_group_id     = "sg-worker"
  kms_key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/d"
  documents_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/o"
  documents_bucket      = { name = "documents", arn = "arn:aws:s3:::documents" }
  inbox_bucket          = { name = "inbox", arn = "arn:aws:s3:::inbox" }
  artifacts_bucket      = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
  database_secret_arns  = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:app"]
  portal_secret_arns    = []
  release_parameter_arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/proforma/portal/release"
}

run "queues_are_sealed_and_have_dead_letters" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this["worker"].service_linked_role_arn == var.autoscaling_role_arn
    error_message = "The group would start hosts by a role that may not use our keys."
  }
  assert {
    condition     = toset(keys(aws_sqs_queue.this)) == toset(["celery", "events"]) && toset(keys(aws_sqs_queue.dead)) == toset(["celery", "events"])
    error_message = "Two queues, each with its dead letters."
  }
  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead)) : queue.kms_master_key_id == var.kms_key_arn])
    error_message = "All queues are sealed with the data key."
  }
  assert {
    condition     = aws_sqs_queue.this["events"].visibility_timeout_seconds == 120 && aws_sqs_queue.dead["events"].message_retention_seconds == 1209600
    error_message = "As docs/events.md says: 120 seconds, and dead letters for 14 days."
  }
}

run "hosts_ask_for_a_token_and_are_sealed" {
  command = plan

  assert {
    condition     = aws_launch_template.this["worker"].metadata_options[0].http_tokens == "required" && aws_launch_template.this["worker"].metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv2, one hop."
  }
  assert {
    condition     = aws_launch_template.this["worker"].block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "Volumes are sealed."
  }
  assert {
    condition     = aws_autoscaling_group.this["worker"].min_size == 1 && aws_autoscaling_group.this["worker"].max_size == 3
    error_message = "As many hosts as asked for."
  }
  assert {
    condition     = aws_launch_template.this["worker"].network_interfaces[0].associate_public_ip_address == "false"
    error_message = "No public address."
  }
}

run "the_small_installation_has_no_group" {
  command = plan
  variables { hosts = { min = 0, max = 0 } }

  assert {
    condition     = length(aws_autoscaling_group.this) == 0 && output.group_name == null
    error_message = "The portal host does the work."
  }
}

run "fewest_is_not_more_than_most" {
  command = plan
  variables { hosts = { min = 3, max = 1 } }
  expect_failures = [var.hosts]
}

run "an_alias_is_no_key" {
  command = plan
  variables { kms_key_arn = "alias/proforma" }
  expect_failures = [var.kms_key_arn]
}

run "an_image_has_a_name_of_amazon" {
  command = plan
  variables { image_id = "debian-13" }
  expect_failures = [var.image_id]
}
