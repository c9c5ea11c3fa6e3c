// The Internet checksum (RFC 1071), eight bytes at a time and in the machine's byte order, as its section 2(B) allows.
package main

import "math/bits"

// sum adds bytes, which begin at an even place of what is summed, to a sum before them. fold makes it 16 bits.
func sum(bytes []byte, before uint64) uint64 {
	total, carry := before, uint64(0)
	for len(bytes) >= 32 {
		total, carry = bits.Add64(total, native.Uint64(bytes), carry)
		total, carry = bits.Add64(total, native.Uint64(bytes[8:]), carry)
		total, carry = bits.Add64(total, native.Uint64(bytes[16:]), carry)
		total, carry = bits.Add64(total, native.Uint64(bytes[24:]), carry)
		bytes = bytes[32:]
	}
	for len(bytes) >= 8 {
		total, carry = bits.Add64(total, native.Uint64(bytes), carry)
		bytes = bytes[8:]
	}
	total, carry = bits.Add64(total, carry, 0)
	total += carry
	for len(bytes) >= 2 {
		total = addWord(total, native.Uint16(bytes))
		bytes = bytes[2:]
	}
	if len(bytes) == 1 {
		total = addWord(total, uint16(bytes[0]))
	}
	return total
}

// sumNumber adds a number of 16 bits that stands in the packet in network order.
func sumNumber(before uint64, number uint16) uint64 {
	return addWord(before, bits.ReverseBytes16(number))
}

func addWord(before uint64, word uint16) uint64 {
	total, carry := bits.Add64(before, uint64(word), 0)
	return total + carry
}

// fold brings a sum to the 16 bits of a number. The checksum of a header is its complement.
func fold(total uint64) uint16 {
	for total > 0xffff {
		total = total&0xffff + total>>16
	}
	return bits.ReverseBytes16(uint16(total))
}
