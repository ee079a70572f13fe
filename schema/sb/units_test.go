package sb_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func TestUnits(t *testing.T) {
	owner := schema.NameUUID("sw")
	units := []sb.Unit{{Name: "base", Chunk: []byte("flows")}, {Name: "port-1", Chunk: nil}, {Name: "ü", Chunk: make([]byte, 1000)},
		{Name: sb.WideUnit("address-"+schema.NameUUID("port").String(), schema.NameUUID("wide")), Chunk: []byte("flows")}}
	got := func(place string, value []byte) string {
		var out []string
		err := sb.EachUnit(place, value, func(name string, chunk []byte) { out = append(out, fmt.Sprint(name, len(chunk))) })
		return fmt.Sprint(out, err)
	}
	if is, want := got("+", sb.EncodeUnits(units)), "[base5 port-10 ü1000 "+units[3].Name+"5] <nil>"; is != want {
		t.Errorf("%s, want %s", is, want)
	}
	if is, want := got("base", []byte("flows")), "[base5] <nil>"; is != want {
		t.Errorf("of an older form: %s, want %s", is, want)
	}
	path := sb.BucketPath(owner, sb.HashUnit("base"), 5)
	place := strings.TrimPrefix(path, "flows/"+owner.String()+"/")
	if len(place) != 6 || got(place, sb.EncodeUnits(units[:1])) != "[base5] <nil>" {
		t.Errorf("%s holds %s", path, got(place, sb.EncodeUnits(units[:1])))
	}
	whole := sb.EncodeUnits(units)
	together := func(body []byte) string { return string(framer(t).EncodeAll(body, []byte{2})) }
	other := "+" + string('0'+'1'-place[1])
	for name, bad := range map[string][2]string{
		"empty": {"+", ""}, "another version": {"+", "\x09"}, "cut off": {"+", string(whole[:len(whole)-1])},
		"no frame": {"+", "\x02frame"}, "too large": {"+", together(make([]byte, sb.MaxChunk+1))}, "a name of less": {"+", together([]byte("\x02a\x00\x00"))},
		"cut off inside": {"+", together([]byte{4, 'b', 'a'})}, "no name inside": {"+", together([]byte{0, 0})},
		"longer than there is": {"+", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01base"}, "no name": {"+", "\x01\x00\x00"},
		"a bucket's name": {"+", string(sb.EncodeUnits([]sb.Unit{{Name: "+0"}}))}, "a path": {"+", string(sb.EncodeUnits([]sb.Unit{{Name: "a/b"}}))},
		"another's": {other, string(sb.EncodeUnits(units[:1]))}, "no bits": {"+x", string(sb.EncodeUnits(units[:1]))},
		"too many bits": {"+" + strings.Repeat("0", 65), string(sb.EncodeUnits(units[:1]))},
	} {
		if is := got(bad[0], []byte(bad[1])); !strings.HasPrefix(is, "[] ") || strings.HasSuffix(is, "<nil>") {
			t.Errorf("%s: %s", name, is)
		}
	}
}

func FuzzEachUnit(f *testing.F) {
	f.Add("+", sb.EncodeUnits([]sb.Unit{{Name: "base", Chunk: []byte("flows")}, {Name: "port", Chunk: nil}}))
	f.Add("+0", []byte{1, 1, 'a', 0})
	f.Add("+", sb.EncodeUnits(formUnits()))
	f.Fuzz(func(t *testing.T, place string, value []byte) {
		var units []sb.Unit
		err := sb.EachUnit(place, value, func(name string, chunk []byte) { units = append(units, sb.Unit{Name: name, Chunk: bytes.Clone(chunk)}) })
		if err != nil && len(units) > 0 {
			t.Errorf("units in spite of %v", err)
		}
		if err == nil && strings.HasPrefix(place, "+") {
			var again int
			if err := sb.EachUnit(place, sb.EncodeUnits(units), func(string, []byte) { again++ }); err != nil || again != len(units) {
				t.Errorf("written again: %d of %d units, %v", again, len(units), err)
			}
		}
	})
}

// formUnits are what the fixtures of buckets hold.
func formUnits() []sb.Unit {
	flows := portFlows(3)
	return []sb.Unit{
		{Name: "base", Chunk: sb.EncodeFlows([]sb.Flow{{Pipeline: sb.Ingress, Table: 3, Match: "1", Actions: "next;", Stage: "ls_in_lookup_fdb", Source: "l2"}})},
		{Name: "port-" + schema.NameUUID("port-00000").String(), Chunk: sb.EncodeFlows(flows[:3])},
		{Name: "port-" + schema.NameUUID("port-00001").String(), Chunk: sb.EncodeFlows(flows[3:6])},
		{Name: "port-" + schema.NameUUID("port-00002").String(), Chunk: sb.EncodeFlows(flows[6:])},
	}
}

// TestBucketsOfForms: buckets that any form has stored hold what they did, and what
// is kept of them is what the compiler would make. With UPDATE=1 the newest is written.
// TestWideUnit: a name tells its wide group; one without has none.
func TestWideUnit(t *testing.T) {
	wide := schema.NameUUID("wide")
	for _, name := range []string{"base", "address-" + schema.NameUUID("port").String()} {
		if got := sb.WideGroup(sb.WideUnit(name, wide)); got != wide {
			t.Errorf("%s: wide group %s, want %s", name, got, wide)
		}
		if got := sb.WideUnit(name, schema.UUID{}); got != name || !sb.WideGroup(got).IsZero() {
			t.Errorf("%s without a wide group: %s of %s", name, got, sb.WideGroup(got))
		}
	}
}

func TestBucketsOfForms(t *testing.T) {
	const newest = 5
	fixture := func(form int) string { return fmt.Sprintf("testdata/bucket-form%d.hex", form) }
	if os.Getenv("UPDATE") != "" {
		var text strings.Builder
		for part := range slices.Chunk(sb.EncodeUnits(formUnits()), 48) {
			fmt.Fprintf(&text, "%x\n", part)
		}
		if err := os.WriteFile(fixture(newest), []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, form := range []int{4, newest} {
		text, err := os.ReadFile(fixture(form))
		if err != nil {
			t.Fatal(err)
		}
		value, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
		if err != nil {
			t.Fatal(err)
		}
		want := formUnits()
		err = sb.EachUnit("+", value, func(name string, chunk []byte) {
			is, err := sb.DecodeFlows(chunk)
			flows, err2 := sb.DecodeFlows(want[0].Chunk)
			if name != want[0].Name || err != nil || err2 != nil || !slices.Equal(is, flows) {
				t.Errorf("form %d: %s is %v, %v, want %s, %v", form, name, is, err, want[0].Name, flows)
			}
			if kept := sb.AppendPacked([]byte("kept"), chunk); form == newest && string(kept) != "kept"+string(want[0].Chunk) {
				t.Errorf("%s is kept as %x, want %x", name, kept, want[0].Chunk)
			}
			want = want[1:]
		})
		if err != nil || len(want) > 0 {
			t.Errorf("form %d: %d units are missing: %v", form, len(want), err)
		}
	}
}

// portUnits are n units as switch ports have them.
func portUnits(n int) (units []sb.Unit) {
	flows := portFlows(n)
	for i := range n {
		units = append(units, sb.Unit{Name: "port-" + flows[3*i].Hint.String(), Chunk: sb.EncodeFlows(flows[3*i : 3*i+3])})
	}
	return units
}

// TestBucketsSmall: beside a UUID, a unit like those beside it costs little.
func TestBucketsSmall(t *testing.T) {
	const n = 32
	if size := len(sb.EncodeUnits(portUnits(n))); size > 65*n {
		t.Errorf("%d bytes for %d units", size, n)
	}
}

// TestChunkSize: the size of a chunk is that of what it holds, however it does.
func TestChunkSize(t *testing.T) {
	units := formUnits()
	err := sb.EachUnit("+", sb.EncodeUnits(units), func(name string, chunk []byte) {
		if n := sb.ChunkSize(chunk); n != len(chunk) || n != sb.ChunkSize(units[0].Chunk) {
			t.Errorf("%s: %d bytes, want %d", name, n, len(chunk))
		}
		units = units[1:]
	})
	if err != nil {
		t.Error(err)
	}
}

func BenchmarkEncodeUnits(b *testing.B) {
	const n = 32
	units := portUnits(n)
	b.ReportAllocs()
	for b.Loop() {
		sb.EncodeUnits(units)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/unit")
}

func BenchmarkEachUnit(b *testing.B) {
	const n = 32
	bucket := sb.EncodeUnits(portUnits(n))
	var kept []byte
	b.ReportAllocs()
	for b.Loop() {
		if err := sb.EachUnit("+", bucket, func(_ string, chunk []byte) { kept = sb.AppendPacked(kept[:0], chunk) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/unit")
}
