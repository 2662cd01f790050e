"""The development server: TensorFlow Serving's REST and gRPC interfaces, and a page to try a model on."""
