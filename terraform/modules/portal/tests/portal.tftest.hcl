# The real provider, without account or endpoint: a plan asks nobody, and policies are what they will be. It is not mocked,
# because passwords that are never written down cannot be; so the secrets are given. The rehearsal makes them.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_subnet.balancer
  values = { vpc_id = "vpc-0123456789abcdef0" }
}

variables {
  autoscaling_role_arn  = "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_proforma"
  existing_secrets      = { secret_key = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s", pseudonym_key = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:p" }
  name                  = "proforma"
  image_id              = "ami-0123456789abcdef0"
  instance_type         = "t3.medium"
  hosts                 = { min = 1, max = 1 }
  load_balancer         = null
  subnet_ids            = ["subnet-a", "subnet-b"]
  security_group_ids    = ["sg-portal"]
  fixed_address         = "10.40.10.10"
  fqdn                  = "portal.provider.example"
  kms_key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/d"
  documents_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/o"
  documents_bucket      = { name = "documents", arn = "arn:aws:s3:::documents" }
  artifacts_bucket      = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
  database_secret_arns  = { app = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app", migration = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:migration", backup = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:backup" }
  extra_policy_arns     = {}
}

run "one_host_keeps_its_address" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this.service_linked_role_arn == var.autoscaling_role_arn
    error_message = "The group would start hosts by a role that may not use our keys."
  }
  assert {
    condition     = length(aws_lb.this) == 0 && output.address == "10.40.10.10"
    error_message = "Without a load balancer staff reach the host itself."
  }
  assert {
    condition     = aws_autoscaling_group.this.vpc_zone_identifier == toset(["subnet-a"])
    error_message = "The address is of the first subnet, so the host is there."
  }
  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].preferences[0].min_healthy_percentage == 0
    error_message = "The old host goes before the new one takes its address."
  }
  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "IMDSv2, and sealed volumes."
  }
}

run "several_hosts_stand_behind_a_load_balancer_inside" {
  command = plan
  variables {
    hosts         = { min = 2, max = 3 }
    fixed_address = null
    load_balancer = {
      subnet_ids        = ["subnet-a", "subnet-b"]
      security_group_id = "sg-balancer"
      certificate_arn   = "arn:aws:acm:eu-central-1:123456789012:certificate/x"
    }
  }

  assert {
    condition     = aws_lb.this[0].internal && aws_lb.this[0].drop_invalid_header_fields
    error_message = "The load balancer is inside."
  }
  assert {
    condition     = aws_lb_listener.this[0].protocol == "HTTPS" && aws_lb_target_group.this[0].protocol == "HTTPS"
    error_message = "TLS to the load balancer and behind it."
  }
  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].preferences[0].min_healthy_percentage == 100
    error_message = "A rolling replacement never leaves fewer hosts."
  }
  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "EC2"
    error_message = "Before the first release no host answers the load balancer, and a group that listened to it would replace them for ever."
  }
}

run "a_fixed_address_is_for_one_host" {
  command = plan
  variables {
    hosts = { min = 1, max = 2 }
  }
  expect_failures = [aws_launch_template.this]
}

run "a_load_balancer_needs_two_zones" {
  command = plan
  variables {
    fixed_address = null
    load_balancer = {
      subnet_ids        = ["subnet-a"]
      security_group_id = "sg-balancer"
      certificate_arn   = "arn:aws:acm:eu-central-1:123456789012:certificate/x"
    }
  }
  expect_failures = [var.load_balancer]
}

run "a_host_is_a_portal_or_a_portal_and_worker" {
  command = plan
  variables { kinds = ["vpn"] }
  expect_failures = [var.kinds]
}

run "a_new_host_is_told_what_it_configures_itself_by" {
  command = plan

  assert {
    condition = jsondecode(yamldecode(base64decode(aws_launch_template.this.user_data)).write_files[0].content) == {
      kinds                = ["portal"]
      region               = "eu-central-1"
      artifacts_bucket     = "artifacts"
      configuration_secret = "proforma/portal/configuration"
    }
    error_message = "boot.json names the secret, and nothing secret."
  }
  assert {
    condition     = yamldecode(base64decode(aws_launch_template.this.user_data)).runcmd == [["/usr/local/sbin/proforma-boot"]]
    error_message = "User data starts the program that images have."
  }
}
