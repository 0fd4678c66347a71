# moto answers 500 for what it lacks; the provider's own patience would hang for minutes
provider "aws" {
  max_retries = 3
}

# moto ignores the condition of a policy in S3: a refusal of what comes without TLS would refuse everything
data "aws_iam_policy_document" "state" {
  override_policy_documents = [jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Action    = "s3:DeleteBucket"
      Principal = { AWS = "arn:aws:iam::123456789012:user/nobody" }
      Resource  = aws_s3_bucket.state.arn
    }]
  })]
}

# states of a rehearsal are not kept
resource "aws_s3_bucket" "state" {
  force_destroy = true
}

# moto forgets how many older versions are to stay, and the provider waits for it in vain; of the other buckets' rules, which
# moto knows, it wants the same answer for 50 seconds, in which a rehearsal of the bootstrap would do nothing else
resource "aws_s3_bucket_lifecycle_configuration" "state" {
  count = 0
}
