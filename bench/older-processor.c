/**
 * Lets ONNX Runtime take this processor for an older one: preloaded into Node, it replaces the instruction `cpuid` at given places of the runtime's library by a
 * trap, and answers in its place. So the runtime chooses the kernels of processors without VNNI, or with neither VNNI nor AVX-512, and this one runs them.
 *
 *   HIDDEN=vnni|avx512   what the processor is not to have; avx512 includes vnni
 *   CPUID_PLACES         where the library has the instruction: hexadecimal addresses, separated by blanks
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* AVX-512 F, DQ, IFMA, CD, BW and VL of EBX; VBMI, VBMI2, BITALG and VPOPCNTDQ of ECX. */
#define AVX512_EBX (1u << 16 | 1u << 17 | 1u << 21 | 1u << 28 | 1u << 30 | 1u << 31)
#define AVX512_ECX (1u << 1 | 1u << 6 | 1u << 12 | 1u << 14)
#define AVX512_VNNI (1u << 11)
#define AVX_VNNI (1u << 4)
#define AVX512_BF16 (1u << 5)

static int hides_avx512;

static void answer(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  unsigned leaf = registers[REG_RAX], part = registers[REG_RCX], a, b, c, d;
  __cpuid_count(leaf, part, a, b, c, d);
  if (leaf == 7 && part == 0) {
    c &= ~AVX512_VNNI;
    if (hides_avx512) b &= ~AVX512_EBX, c &= ~AVX512_ECX;
  }
  if (leaf == 7 && part == 1) a &= ~(AVX_VNNI | AVX512_BF16);
  registers[REG_RAX] = a, registers[REG_RBX] = b, registers[REG_RCX] = c, registers[REG_RDX] = d;
}

static int replace(struct dl_phdr_info *info, size_t size, void *done) {
  (void)size;
  const char *places = getenv("CPUID_PLACES");
  if (places == NULL || strstr(info->dlpi_name, "libonnxruntime.so") == NULL) return 0;
  const uintptr_t page = ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);
  char *end;
  for (uintptr_t place; (place = strtoul(places, &end, 16)) != 0; places = end) {
    uint8_t *code = (uint8_t *)(info->dlpi_addr + place);
    void *begin = (void *)((uintptr_t)code & page);
    size_t length = (uintptr_t)code + 2 - (uintptr_t)begin;
    if (mprotect(begin, length, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) abort();
    /* cpuid becomes int3, nop. */
    if (code[0] == 0x0f && code[1] == 0xa2) code[0] = 0xcc, code[1] = 0x90;
    if (mprotect(begin, length, PROT_READ | PROT_EXEC) != 0) abort();
  }
  *(int *)done = 1;
  return 1;
}

/** Replaces the instructions as soon as the library is there. */
void *dlopen(const char *file, int mode) {
  static void *(*original)(const char *, int);
  static int done;
  if (original == NULL) *(void **)&original = dlsym(RTLD_NEXT, "dlopen");
  void *library = original(file, mode);
  if (!done) dl_iterate_phdr(replace, &done);
  return library;
}

__attribute__((constructor)) static void start(void) {
  const char *hidden = getenv("HIDDEN");
  hides_avx512 = hidden != NULL && strcmp(hidden, "avx512") == 0;
  struct sigaction action = {0};
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigaction(SIGTRAP, &action, NULL);
}
