; tr_aes_encrypt (tr_aes.h) for an AVR: FIPS 197, made to be small first.
;
; The state lies in 16 registers, a column in four. What is done to a column is done to the first; then the four
; columns change places, until each has had its turn. So there is one copy of everything.
;
; The round key lies on the stack, its first byte highest, and becomes the next one, column by column, as it is
; added. No step takes longer for one value than for another.

#define A0 r18 /* the column that is worked on */
#define A1 r19
#define A2 r20
#define A3 r21
#define B0 r22
#define B1 r23
#define B2 r24
#define B3 r25
#define C0 r2
#define C1 r3
#define C2 r4
#define C3 r5
#define D0 r6
#define D1 r7
#define D2 r8
#define D3 r9
#define K0 r10 /* the column of the round key that was added last */
#define K1 r11
#define K2 r12
#define K3 r13
#define sbox_low r14  /* of the address of the S-box, */
#define sbox_high r15 /* less `polynomial` pages: see substitute */
#define round_constant r16 /* counts the rounds too */
#define columns_left r17   /* in this round */
#define polynomial r1 /* POLYNOMIAL: x^8 = x^4 + x^3 + x + 1 */

#define POLYNOMIAL 0x1b
#define BEFORE_FIRST_ROUND 0x8d /* times_x makes it 1 */
#define LAST_ROUND 0x36

#define SP_LOW 0x3d /* I/O addresses */
#define SP_HIGH 0x3e
#define STATUS 0x3f

; to = S-box[from]. The polynomial stands where the carry's addend should be 0: that saves a register.
.macro substitute to, from
    movw r30, sbox_low
    add r30, \from
    adc r31, polynomial
    lpm \to, Z
.endm

.macro times_x value
    lsl \value
    brcc .+2
    eor \value, polynomial
.endm

; byte ^= sum of the column (r0) ^ difference times x; the difference is that from the next byte
.macro mix byte, difference
    times_x \difference
    eor \byte, \difference
    eor \byte, r0
.endm

.macro load byte, key_byte
    ld \key_byte, X+
    push \key_byte
    ld \byte, Y+
    eor \byte, \key_byte
.endm

.macro add_key byte, key_byte
    ld r0, -X
    eor \key_byte, r0
    st X, \key_byte
    eor \byte, \key_byte
.endm

.section .text.tr_aes_encrypt, "ax", @progbits
.global tr_aes_encrypt
.type tr_aes_encrypt, @function
tr_aes_encrypt:
    .irp register, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16, r17, r28, r29
    push \register
    .endr
    movw r26, r24 ; X: the key
    movw r28, r22 ; Y: the block
    ldi r30, POLYNOMIAL
    mov polynomial, r30
    ldi r30, lo8(tr_aes_sbox)
    ldi r31, hi8(tr_aes_sbox - 256 * POLYNOMIAL)
    movw sbox_low, r30
    ldi round_constant, BEFORE_FIRST_ROUND
    set ; T: in the first or the last round
    rjmp start_round

first_or_last:
    cpi round_constant, LAST_ROUND
    breq add_round_key
    load A0, K0
    load A1, K1
    load A2, K2
    load A3, K3
    rjmp substitute_column

start_round:
    ldi columns_left, 4
do_column:
    brts first_or_last

    mov r30, A0 ; MixColumns
    eor r30, A1
    mov r31, A2
    eor r31, A3
    mov r0, r30
    eor r0, r31
    mix A0, r30
    mov r30, A1
    eor r30, A2
    mix A2, r31
    mov r31, r0
    eor r31, r30 ; A3 ^ A0, as they were
    mix A1, r30
    mix A3, r31

add_round_key:
    add_key A0, K0
    add_key A1, K1
    add_key A2, K2
    add_key A3, K3
    brts store_column

substitute_column: ; SubBytes, of the next round
    substitute A0, A0
    substitute A1, A1
    substitute A2, A2
    substitute A3, A3

change_places:
    movw r30, A0
    movw A0, B0
    movw B0, C0
    movw C0, D0
    movw D0, r30
    movw r30, A2
    movw A2, B2
    movw B2, C2
    movw C2, D2
    movw D2, r30
    dec columns_left
    breq end_round
    rjmp do_column

store_column:
    st Y+, A0
    st Y+, A1
    st Y+, A2
    st Y+, A3
    rjmp change_places

end_round:
    brtc next_round
    clt
    cpi round_constant, LAST_ROUND
    breq finish
    sbiw r28, 16 ; where the result is to go
next_round:
    times_x round_constant
    cpi round_constant, LAST_ROUND
    brne .+2
    set

    mov r0, A1 ; ShiftRows: row 1 by one column,
    mov A1, B1
    mov B1, C1
    mov C1, D1
    mov D1, r0
    mov r0, A2 ; row 2 by two,
    mov A2, C2
    mov C2, r0
    mov r0, B2
    mov B2, D2
    mov D2, r0
    mov r0, D3 ; row 3 by three
    mov D3, C3
    mov C3, B3
    mov B3, A3
    mov A3, r0

    in r26, SP_LOW ; X: past the first byte of the round key
    in r27, SP_HIGH
    adiw r26, 17
    mov r0, K0 ; KeyExpansion: what its last column is before it is added to the first
    substitute K0, K1
    substitute K1, K2
    substitute K2, K3
    substitute K3, r0
    eor K0, round_constant
    rjmp start_round

finish:
    in r30, SP_LOW ; the round key is dropped; no interrupt may come between the halves
    in r31, SP_HIGH
    adiw r30, 16
    in r0, STATUS
    cli
    out SP_HIGH, r31
    out STATUS, r0
    out SP_LOW, r30
    clr r1
    .irp register, r29, r28, r17, r16, r15, r14, r13, r12, r11, r10, r9, r8, r7, r6, r5, r4, r3, r2
    pop \register
    .endr
    ret
.size tr_aes_encrypt, . - tr_aes_encrypt
