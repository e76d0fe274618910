#pragma once

namespace sfumato {

/// Makes the C heap keep freed memory instead of handing it back to the system. A denoising or
/// training step frees and asks for the same tens of megabytes again and again; faulting in fresh
/// pages each time made a step up to ten times slower (measured on a virtual machine with 4 KiB
/// pages). Call once, first thing in main(), before other threads exist.
void keep_freed_memory();

}  // namespace sfumato
