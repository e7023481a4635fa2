// Place for the note that says what package a bundle's program is of (systemd's "package metadata
// for executable files"): read by readelf -n, by coredumpctl and by scanners. The bundler fills it.

  .section .note.package, "a", @note
  .balign 4
  .long 4                      // bytes of the owner's name
  .long 496                    // bytes of JSON, zeros behind it included
  .long 0xcafe1a7e
  .asciz "FDO"
  .ascii "{}"
  .zero 494

  .section .note.GNU-stack, "", @progbits
