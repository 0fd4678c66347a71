"""API Gateway's data plane and Lambda's Runtime API, as much of them as our functions need: moto has neither."""
