# moto answers 500 for what it lacks; the provider's own patience would hang for minutes
provider "aws" {
  max_retries = 3
}
