# What cannot work is said before anything is made: a plan without account, with AWS's answers given.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a", "eu-central-1b", "eu-central-1c"] }
  }
  mock_data "aws_ami_ids" {
    defaults = { ids = ["ami-00000000000000001"] }
  }
  mock_data "aws_secretsmanager_secrets" {
    defaults = { names = ["proforma/vpn/example-b/psk"] }
  }
}

variables {
  region       = "eu-central-1"
  portal_name  = "portal.provider.example"
  vpn_identity = "vpn.provider.example"
  alarm_emails = ["operations@provider.example"]
  customers    = ["example-a"]
  images       = { portal = "ami-00000000000000001", vpn = "ami-00000000000000002" }
  endpoints    = ["monitoring", "secretsmanager", "sqs", "ssm", "ssmmessages"]
  vpn          = { instance_type = "t3.micro", standby = false }
  portal       = { instance_type = "t3.medium", hosts = { min = 1, max = 1 }, load_balancer = false }
  workers      = { hosts = { min = 0, max = 0 } }
  database     = { min_capacity = 0, max_capacity = 2, instances = 1, pause_seconds = 3600 }
  documents    = { retention_days = 3653, inbox_days = 90 }
  schedule     = { time_zone = "Europe/Berlin" }
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    alarm_emails = ["operations at provider"]
  }

  expect_failures = [var.alarm_emails]
}

run "a_network_that_is_no_16_is_refused" {
  command = plan

  variables {
    vpc_cidr = "10.40.0.0/20"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_network_of_ours_that_overlaps_a_customers_is_refused" {
  command = plan

  variables {
    vpc_cidr = "10.20.0.0/16"
  }

  expect_failures = [terraform_data.preflight]
}

run "a_pool_that_overlaps_our_network_is_refused" {
  command = plan

  variables {
    staff_pool = "10.40.99.0/24"
  }

  expect_failures = [terraform_data.preflight]
}

run "a_site_file_that_is_not_there_is_refused" {
  command = plan

  variables {
    customers = ["nobody"]
  }

  expect_failures = [terraform_data.preflight]
}

run "a_site_file_that_does_not_validate_is_refused" {
  command = plan

  variables {
    customers       = ["broken"]
    sites_directory = "tests/sites"
  }

  expect_failures = [terraform_data.preflight]
}

run "one_zone_is_refused" {
  command = plan

  variables {
    zones = 1
  }

  expect_failures = [var.zones]
}

run "a_system_on_the_internet_without_a_way_out_is_refused" {
  command = plan

  variables {
    customers = ["example-b"]
  }

  expect_failures = [terraform_data.preflight]
}

run "two_portal_hosts_without_a_load_balancer_is_refused" {
  command = plan

  variables {
    portal = { instance_type = "t3.medium", hosts = { min = 1, max = 2 }, load_balancer = false }
  }

  expect_failures = [var.portal]
}

run "an_endpoint_that_hosts_cannot_do_without_is_refused" {
  command = plan

  variables {
    endpoints = ["ssm"]
  }

  expect_failures = [terraform_data.preflight]
}

run "what_is_no_image_is_refused" {
  command = plan

  variables {
    images = { portal = "debian-13", vpn = "ami-00000000000000002" }
  }

  expect_failures = [var.images]
}

run "an_image_that_does_not_exist_is_refused" {
  command = plan

  override_data {
    target = data.aws_ami_ids.given
    values = { ids = [] }
  }

  expect_failures = [terraform_data.preflight]
}

run "a_region_of_one_zone_is_refused" {
  command = plan

  override_data {
    target = data.aws_availability_zones.here
    values = { names = ["eu-central-1a"] }
  }

  expect_failures = [terraform_data.preflight]
}

run "a_pre_shared_key_that_nobody_has_made_is_refused" {
  command = plan

  variables {
    customers = ["example-b"]
    nat       = true
  }

  override_data {
    target = data.aws_secretsmanager_secrets.by_people
    values = { names = [] }
  }

  expect_failures = [terraform_data.preflight]
}

