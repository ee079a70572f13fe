package packet

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/chassisd/internal/packettest"
)

// TestFlowAsSwitch compares descriptions with those of ovs-ofctl, which prints
// the packets of a capture: all that a hypervisor may meet, then the same with
// bytes changed and ends cut off.
func TestFlowAsSwitch(t *testing.T) {
	if _, err := exec.LookPath("ovs-ofctl"); err != nil {
		t.Skip(err)
	}
	seeds := packettest.Stock(t)
	frames := make([][]byte, 0, 4000)
	for _, s := range seeds {
		frames = append(frames, s.Sent,
			tagged(s.Sent, "\x81\x00\xa0\x05"), tagged(s.Sent, "\x88\xa8\xa0\x05\x81\x00\x00\x0c"))
		for n := EthLen; n < len(s.Sent) && n < 110; n++ {
			frames = append(frames, s.Sent[:n])
		}
	}
	g := rapid.Custom(func(t *rapid.T) []byte {
		f := append([]byte{}, rapid.SampledFrom(seeds).Draw(t, "seed").Sent...)
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			at := rapid.IntRange(12, min(len(f), 100)-1).Draw(t, "at")
			if at != EthLen { // the switch does not look at the version in IP headers
				f[at] = rapid.Byte().Draw(t, "byte")
			}
		}
		return f
	})
	for i := range 3000 {
		frames = append(frames, g.Example(i))
	}
	judged := judge(t, frames)
	if len(judged) != len(frames) {
		t.Fatalf("%d flows for %d packets", len(judged), len(frames))
	}
	wrong, described := 0, 0
	for i, f := range frames {
		want := strings.Replace(judged[i], "in_port=ANY,", "", 1)
		if strings.Contains(want, "mpls") || strings.Contains(want, "nsh") {
			continue
		}
		described++
		if got := Flow(f); got != want {
			if wrong++; wrong < 10 {
				t.Errorf("%x:\n%s\novs-ofctl:\n%s", f, got, want)
			}
		}
	}
	t.Logf("%d packets described", described)
}

func tagged(f []byte, tags string) []byte {
	return append(append(append([]byte{}, f[:12]...), tags...), f[12:]...)
}

// judge returns what ovs-ofctl says of frames.
func judge(t *testing.T, frames [][]byte) []string {
	t.Helper()
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint16(le.AppendUint16(b, 2), 4)
	for _, v := range []uint32{0, 0, 65535, 1} {
		b = le.AppendUint32(b, v)
	}
	for _, f := range frames {
		for _, v := range []uint32{0, 0, uint32(len(f)), uint32(len(f))} {
			b = le.AppendUint32(b, v)
		}
		b = append(b, f...)
	}
	name := filepath.Join(t.TempDir(), "pcap")
	if err := os.WriteFile(name, b, 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ovs-ofctl", "parse-pcap", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
