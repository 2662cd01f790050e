/* Loads an export with TensorFlow's C API, without Python, and calls two of its signatures with an image.

     load_model EXPORT FILE_INPUT FILE_OUTPUT in.png out.png PIXELS_INPUT PIXELS_OUTPUT in.raw out.raw HEIGHT WIDTH
                CHANNELS DTYPE

   Inputs and outputs are tensors of the graph, such as serving_default_image_bytes:0, as the SavedModel's signatures
   name them. The first two take and give an image file, unless FILE_INPUT is empty; the other two raw pixels, HEIGHT x
   WIDTH x CHANNELS values of uint8 or float32. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

static TF_Status *status;
static TF_Graph *graph;
static TF_Session *session;

static void fail(const char *subject, const char *reason) {
  fprintf(stderr, "%s: %s\n", subject, reason);
  exit(1);
}

static void check_status(const char *subject) {
  if (TF_GetCode(status) != TF_OK) fail(subject, TF_Message(status));
}

/* All bytes of a file; the caller frees them. */
static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fail(path, "cannot be read");
  *size = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*size + 1);
  if (!bytes || fread(bytes, 1, *size, file) != *size) fail(path, "cannot be read");
  fclose(file);
  return bytes;
}

static void write_file(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) fail(path, "cannot be written");
}

/* A tensor of the graph by its name, OPERATION:NUMBER. */
static TF_Output find(const char *name) {
  char operation[256];
  int number;
  if (sscanf(name, "%255[^:]:%d", operation, &number) != 2) fail(name, "is not OPERATION:NUMBER");
  TF_Output found = {TF_GraphOperationByName(graph, operation), number};
  if (!found.oper) fail(name, "is not in the graph");
  return found;
}

/* The output for a value of the input, which is deleted; the caller deletes the result. */
static TF_Tensor *run(const char *input, TF_Tensor *value, const char *output) {
  TF_Output from = find(input), to = find(output);
  TF_Tensor *result = NULL;
  TF_SessionRun(session, NULL, &from, &value, 1, &to, &result, 1, NULL, 0, NULL, status);
  check_status(input);
  TF_DeleteTensor(value);
  return result;
}

static void translate_file(const char *input, const char *output, const char *from, const char *to) {
  size_t size;
  char *bytes = read_file(from, &size);
  const int64_t one = 1;
  TF_Tensor *tensor = TF_AllocateTensor(TF_STRING, &one, 1, sizeof(TF_TString));
  TF_TString *content = TF_TensorData(tensor);
  TF_StringInit(content);
  TF_StringAssignView(content, bytes, size); /* not a copy */
  TF_Tensor *result = run(input, tensor, output);
  free(bytes);
  TF_TString *png = TF_TensorData(result);
  write_file(to, TF_StringGetDataPointer(png), TF_StringGetSize(png));
  TF_StringDealloc(png);
  TF_DeleteTensor(result);
}

static void translate_pixels(const char *input, const char *output, const char *from, const char *to, int64_t height,
                             int64_t width, int64_t channels, TF_DataType dtype) {
  size_t size;
  char *bytes = read_file(from, &size);
  const int64_t shape[] = {1, height, width, channels};
  if (size != height * width * channels * TF_DataTypeSize(dtype)) fail(from, "is not HEIGHT x WIDTH x CHANNELS values");
  TF_Tensor *tensor = TF_AllocateTensor(dtype, shape, 4, size);
  memcpy(TF_TensorData(tensor), bytes, size);
  free(bytes);
  TF_Tensor *result = run(input, tensor, output);
  write_file(to, TF_TensorData(result), TF_TensorByteSize(result));
  TF_DeleteTensor(result);
}

int main(int argc, char **argv) {
  if (argc != 14) fail(argv[0], "takes 13 arguments, see its source");
  status = TF_NewStatus();
  graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  check_status(argv[1]);
  TF_DeleteSessionOptions(options);

  if (*argv[2]) translate_file(argv[2], argv[3], argv[4], argv[5]);
  translate_pixels(argv[6], argv[7], argv[8], argv[9], strtoll(argv[10], NULL, 10), strtoll(argv[11], NULL, 10),
                   strtoll(argv[12], NULL, 10), strcmp(argv[13], "float32") ? TF_UINT8 : TF_FLOAT);

  TF_DeleteSession(session, status);
  check_status(argv[1]);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
