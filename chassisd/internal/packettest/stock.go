package packettest

import (
	_ "embed"
	"encoding/hex"
	"strings"
	"testing"
)

//go:embed stock.txt
var stock string

// StockPacket is a packet that stock ovn-controller rejected and logged.
type StockPacket struct {
	Name string
	Sent []byte
	// Answered is nil where there was no answer, Log is empty where nothing
	// was logged: `acl_log(…)|INFO|name=…`.
	Answered []byte
	Log      string
}

// Message is what stands behind the level of the log.
func (s StockPacket) Message() string {
	return s.Log[strings.LastIndex(s.Log, "|name=")+1:]
}

// Stock are the packets of stock.txt.
func Stock(t testing.TB) []StockPacket {
	t.Helper()
	var all []StockPacket
	for _, paragraph := range strings.Split(stock, "\n\n")[1:] {
		name, lines, _ := strings.Cut(paragraph, "\n")
		s := StockPacket{Name: name}
		for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
			var err error
			kind, rest, _ := strings.Cut(line, " ")
			switch kind {
			case ">":
				s.Sent, err = hex.DecodeString(rest)
			case "<":
				s.Answered, err = hex.DecodeString(rest)
			case "|":
				s.Log = rest
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		all = append(all, s)
	}
	return all
}
