# Whoever brings releases: a role of its own, assumed by people or a build server, that hosts do not have.

locals {
  release_role_name = "${var.name}-release"
  release_role_arn  = "arn:${local.partition}:iam::${local.account}:role/${local.release_role_name}"
}

data "aws_iam_policy_document" "release_trust" {
  count = length(var.release_principals) > 0 ? 1 : 0

  statement {
    sid     = "BringReleases"
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = var.release_principals
    }
  }
}

data "aws_iam_policy_document" "release" {
  statement {
    sid       = "PutReleases"
    actions   = ["s3:PutObject", "s3:GetObject"]
    resources = ["${local.arns.artifacts}/proforma-*"]
  }

  statement {
    sid       = "ListReleases"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.artifacts]
  }

  statement {
    sid       = "MoveThePointer"
    actions   = ["ssm:GetParameter", "ssm:PutParameter"]
    resources = ["arn:${local.partition}:ssm:${data.aws_region.current.name}:${local.account}:parameter/${var.name}/portal/release"]
  }

  statement {
    sid       = "SealReleases"
    actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
    resources = [var.kms_keys.data]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${data.aws_region.current.name}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "release" {
  count = length(var.release_principals) > 0 ? 1 : 0

  name                 = local.release_role_name
  description          = "Brings signed releases and moves the pointer to the current one"
  assume_role_policy   = data.aws_iam_policy_document.release_trust[0].json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "release" {
  count = length(aws_iam_role.release)

  name   = "release"
  role   = aws_iam_role.release[0].name
  policy = data.aws_iam_policy_document.release.json
}
