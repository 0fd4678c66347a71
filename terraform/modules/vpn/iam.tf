# What a VPN host may: read its customers' keys, tell how its tunnels are, and move the service address and its routes.
data "aws_iam_policy_document" "host_trust" {
  statement {
    sid     = "InstancesTakeTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "host" {
  name               = "${var.name}-vpn"
  description        = "VPN hosts"
  assume_role_policy = data.aws_iam_policy_document.host_trust.json
}

resource "aws_iam_instance_profile" "host" {
  name = "${var.name}-vpn"
  role = aws_iam_role.host.name
}

# Looking, and moving: the same for hosts and function.
data "aws_iam_policy_document" "move" {
  statement {
    sid = "Look"
    actions = [
      "ec2:DescribeAddresses", "ec2:DescribeNetworkInterfaces", "ec2:DescribeInstanceStatus", "ec2:DescribeRouteTables",
    ]
    resources = ["*"] # none of these can name a resource
  }

  statement {
    sid     = "MoveTheAddress"
    actions = ["ec2:AssociateAddress"]
    resources = concat(
      ["${local.arn}:ec2:${local.region}:${local.account}:elastic-ip/${aws_eip.service.id}"],
      [for interface in aws_network_interface.host : interface.arn],
    )
  }

  statement {
    sid       = "MoveTheAddressToAHostOfTheVpn"
    actions   = ["ec2:AssociateAddress"]
    resources = ["${local.arn}:ec2:${local.region}:${local.account}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Role"
      values   = ["vpn"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/Installation"
      values   = [var.name]
    }
  }

  statement {
    sid       = "TurnRoutes"
    actions   = ["ec2:ReplaceRoute"]
    resources = [for id in var.route_table_ids : "${local.arn}:ec2:${local.region}:${local.account}:route-table/${id}"]
  }

  statement {
    sid       = "RecordMoves"
    actions   = ["ssm:GetParameter", "ssm:PutParameter"]
    resources = [aws_ssm_parameter.record.arn]
  }
}

data "aws_iam_policy_document" "host" {
  #checkov:skip=CKV_AWS_111:where `*` stands, AWS can name no resource; each statement says so
  #checkov:skip=CKV_AWS_356:where `*` stands, AWS can name no resource; each statement says so
  source_policy_documents = var.standby ? [data.aws_iam_policy_document.move.json] : []

  statement {
    sid       = "TellTunnels"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # a metric cannot be named; its namespace can

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["Proforma"]
    }
  }

  statement {
    sid       = "SendLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.arn}:logs:${local.region}:${local.account}:log-group:/${var.name}/vpn*"]
  }

  # The inventory of EC2 reaches hosts that way: no port for ssh is open anywhere.
  statement {
    sid = "SessionsOfAdministrators"
    actions = [
      "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"] # none of these can name a resource
  }

  dynamic "statement" {
    for_each = length(var.secret_arns) > 0 ? [1] : []

    content {
      sid       = "ReadPreSharedKeys"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = var.secret_arns
    }
  }
}

resource "aws_iam_role_policy" "host" {
  name   = "vpn"
  role   = aws_iam_role.host.id
  policy = data.aws_iam_policy_document.host.json
}
