package sb_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// portFlows are flows as one switch port gives rise to, for n ports.
func portFlows(n int) []sb.Flow {
	var flows []sb.Flow
	for i := range n {
		port := fmt.Sprintf("port-%05d", i)
		mac := fmt.Sprintf("40:44:00:00:%02x:%02x", i>>8, i&255)
		hint := schema.NameUUID(port)
		flows = append(flows,
			sb.Flow{Pipeline: sb.Ingress, Table: 0, Priority: 50, Match: `inport == "` + port + `" && eth.src == ` + mac, Actions: "next;", Stage: "ls_in_check_port_sec", Source: "portsec", Hint: hint},
			sb.Flow{Pipeline: sb.Ingress, Table: 25, Priority: 50, Match: "eth.dst == " + mac, Actions: `outport = "` + port + `"; output;`, Stage: "ls_in_l2_lkup", Source: "l2", Hint: hint},
			sb.Flow{Pipeline: sb.Egress, Table: 9, Priority: 50, Match: `outport == "` + port + `"`, Actions: "output;", Stage: "ls_out_apply_port_sec", Source: "portsec", Hint: hint},
		)
	}
	return flows
}

func drawFlow(t *rapid.T) sb.Flow {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "next;", "1", "ls_in_l2_lkup"}), rapid.String())
	return sb.Flow{
		Pipeline: rapid.Uint8Range(sb.Ingress, sb.Egress).Draw(t, "pipeline"),
		Table:    rapid.Uint8().Draw(t, "table"), Priority: rapid.Uint16().Draw(t, "priority"),
		Match: text.Draw(t, "match"), Actions: text.Draw(t, "actions"), Stage: text.Draw(t, "stage"), Source: text.Draw(t, "source"),
		ControllerMeter: text.Draw(t, "meter"), Desc: text.Draw(t, "desc"),
		Hint: schema.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "hint")),
	}
}

func TestFlowsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flows := rapid.SliceOfN(rapid.Custom(drawFlow), 0, 20).Draw(t, "flows")
		chunk := sb.EncodeFlows(flows)
		got, err := sb.DecodeFlows(chunk)
		if err != nil || len(got) != len(flows) {
			t.Fatalf("%d flows became %d: %v", len(flows), len(got), err)
		}
		if diff := cmp.Diff(flows, got); diff != "" && len(flows) > 0 {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if !bytes.Equal(chunk, sb.EncodeFlows(got)) {
			t.Fatal("equal flows gave other bytes")
		}
	})
}

// TestFlowsDeterministic: what an encoder did before does not show.
func TestFlowsDeterministic(t *testing.T) {
	flows := portFlows(500)
	want := sb.EncodeFlows(flows)
	for i := range 50 {
		sb.EncodeFlows(portFlows(i * 7))
		if !bytes.Equal(want, sb.EncodeFlows(flows)) {
			t.Fatalf("other bytes after %d", i)
		}
	}
}

// frame makes a chunk, as up to form 4, of a body that EncodeFlows would not make.
func frame(t testing.TB, body []byte) []byte {
	t.Helper()
	return framer(t).EncodeAll(body, []byte{1})
}

// block makes a packed chunk of such a body, naked one as it lies in a bucket.
func block(body []byte) []byte { return append([]byte{2}, s2.Encode(nil, body)...) }
func naked(body []byte) []byte { return append([]byte{3}, body...) }

func framer(t testing.TB) *zstd.Encoder {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDecodeFlowsRefuses(t *testing.T) {
	good := sb.EncodeFlows(portFlows(3))
	flow := append([]byte{0, 0, 1, 0, 0, 0, 0, 0, 0}, make([]byte, 16)...)
	huge := binary.AppendUvarint(nil, 1<<60)
	for name, chunk := range map[string][]byte{
		"empty":             {},
		"version":           append([]byte{9}, good[1:]...),
		"no frame":          {1, 2, 3},
		"no block":          {2, 2, 3},
		"no length":         {2, 0xff},
		"cut":               good[:len(good)-5],
		"cut frame":         frame(t, []byte{0, 0})[:8],
		"too large":         frame(t, make([]byte, sb.MaxChunk+1)),
		"too large a block": block(make([]byte, sb.MaxChunk+1)),
		"too large as such": naked(make([]byte, sb.MaxChunk+1)),
		"says too large":    append([]byte{2}, huge[:5]...),
	} {
		if _, err := decodeFlows(t, chunk); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	bodies := map[string][]byte{
		"no counts":     nil,
		"many strings":  huge,
		"long string":   append([]byte{1}, huge...),
		"many flows":    append([]byte{0}, huge...),
		"trailing":      {0, 0, 0},
		"short flow":    append([]byte{0, 1}, flow[:24]...),
		"pipeline":      append([]byte{0, 1, 2}, flow[1:]...),
		"string number": append([]byte{0, 1, 0, 0, 1, 1}, flow[4:]...),
		"long number":   {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0},
		"longer number": {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0},
		"half a number": {0x80},
		"priority":      append([]byte{0, 1, 0, 0, 0x80, 0x80, 0x04}, flow[3:]...),
	}
	for way, chunk := range map[string]func([]byte) []byte{
		"frame": func(body []byte) []byte { return frame(t, body) }, "block": block, "naked": naked,
	} {
		if got, err := decodeFlows(t, chunk(append([]byte{0, 1}, flow...))); err != nil || len(got) != 1 {
			t.Fatalf("%s: the body that the cases spoil: %v, %v", way, got, err)
		}
		for name, body := range bodies {
			if _, err := decodeFlows(t, chunk(body)); err == nil {
				t.Errorf("%s in a %s: taken", name, way)
			}
		}
	}
}

func FuzzDecodeFlows(f *testing.F) {
	f.Add(sb.EncodeFlows(nil))
	f.Add(sb.EncodeFlows(portFlows(2)))
	f.Add(block([]byte{0, 0}))
	f.Add(naked([]byte{0, 0}))
	f.Add(frame(f, []byte{0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, chunk []byte) {
		flows, err := decodeFlows(t, chunk)
		if err != nil {
			return
		}
		again, err := sb.DecodeFlows(sb.EncodeFlows(flows))
		if err != nil || len(again) != len(flows) {
			t.Fatalf("%d flows became %d: %v", len(flows), len(again), err)
		}
		for i := range flows {
			if flows[i] != again[i] {
				t.Fatalf("%+v became %+v", flows[i], again[i])
			}
		}
	})
}

// decodeFlows decodes a chunk both ways, which must come to the same; a chunk
// that is refused is so by both, whatever flows were seen before the damage.
func decodeFlows(t *testing.T, chunk []byte) ([]sb.Flow, error) {
	flows, err := sb.DecodeFlows(chunk)
	var each []sb.Flow
	err2 := sb.EachFlow(chunk, func(f *sb.Flow) {
		if each = append(each, *f); f.Pipeline > sb.Egress {
			t.Errorf("a damaged flow is seen: %+v", f)
		}
	})
	if fmt.Sprint(err) != fmt.Sprint(err2) || err == nil && !slices.Equal(each, flows) {
		t.Fatalf("one by one: %v, %v; together: %v, %v", each, err2, flows, err)
	}
	return flows, err
}

func eachFlow(t *testing.T, chunk []byte) (flows []sb.Flow) {
	if err := sb.EachFlow(chunk, func(f *sb.Flow) { flows = append(flows, *f) }); err != nil {
		t.Fatal(err)
	}
	return flows
}

// TestEachFlow: one by one, flows are what they are together; so are those of
// several chunks at once.
func TestEachFlow(t *testing.T) {
	var wg sync.WaitGroup
	for n := range 40 {
		wg.Go(func() {
			want := portFlows(n)
			chunk := sb.EncodeFlows(want)
			together, err := sb.DecodeFlows(chunk)
			other := portFlows(50 - n)
			slices.Reverse(other)
			eachFlow(t, sb.EncodeFlows(other)) // has no part in what is there
			if each := eachFlow(t, chunk); err != nil || !slices.Equal(each, want) || !slices.Equal(together, want) {
				t.Errorf("%d ports: %d flows one by one, %d together, want %d (%v)", n, len(each), len(together), len(want), err)
			}
		})
	}
	wg.Wait()
}

// FuzzFlowsBody is FuzzDecodeFlows behind the compression.
func FuzzFlowsBody(f *testing.F) {
	f.Add([]byte{0, 0})
	f.Add(append([]byte{1, 1, 'a', 1, 0, 3, 50, 1, 1, 0, 0, 0, 0}, make([]byte, 16)...))
	f.Fuzz(func(t *testing.T, body []byte) {
		flows, err := decodeFlows(t, naked(body))
		if err == nil && len(flows) > len(body) {
			t.Fatalf("%d flows of %d bytes", len(flows), len(body))
		}
	})
}

func BenchmarkDecodeFlows(b *testing.B) {
	chunk := sb.EncodeFlows(portFlows(1000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sb.DecodeFlows(chunk); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/3000, "ns/flow")
}

func BenchmarkDecodePortUnit(b *testing.B) {
	chunk := sb.EncodeFlows(portFlows(1))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sb.DecodeFlows(chunk); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeFlows(b *testing.B) {
	flows := portFlows(1000)
	b.ReportAllocs()
	for b.Loop() {
		sb.EncodeFlows(flows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/3000, "ns/flow")
}

func BenchmarkEncodePortUnit(b *testing.B) {
	flows := portFlows(1)
	b.ReportAllocs()
	for b.Loop() {
		sb.EncodeFlows(flows)
	}
}

// TestEncodeAllocs: a chunk is all that encoding leaves behind, at its best: what is
// used again may be gone, and with the race detector often is.
func TestEncodeAllocs(t *testing.T) {
	flows := portFlows(7)
	n := testing.AllocsPerRun(1, func() { sb.EncodeFlows(flows) })
	for range 99 {
		n = min(n, testing.AllocsPerRun(1, func() { sb.EncodeFlows(flows) }))
	}
	if n > 1 {
		t.Errorf("%v allocations", n)
	}
	if chunk := sb.EncodeFlows(flows); cap(chunk) > len(chunk)+len(chunk)/8 {
		t.Errorf("a chunk of %d bytes holds %d", len(chunk), cap(chunk))
	}
}
