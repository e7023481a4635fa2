// For programs whose signal handlers throw. C++ promises nothing for a signal that meets a
// program's own code (a destructor ends it natively, too): throw only where it met other code, the
// C library, its thunks, or the call itself. The signal stays blocked until then: it must not meet
// the handler either.
#pragma once

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

extern "C" const char __executable_start, etext;

/// Whether a signal, by its handler's third argument, met the program's own code.
inline bool met_own_code(const void* context) {
  const auto* user = static_cast<const ucontext_t*>(context);
  const auto at = static_cast<unsigned long>(user->uc_mcontext.gregs[REG_RIP]);
  return at >= reinterpret_cast<unsigned long>(&__executable_start) &&
         at < reinterpret_cast<unsigned long>(&etext);
}

/// To be called right before the throw.
inline void unblock_alarm() {
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
}
