package sb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

func TestUnits(t *testing.T) {
	owner := schema.NameUUID("sw")
	units := []sb.Unit{{Name: "base", Chunk: []byte("flows")}, {Name: "port-1", Chunk: nil}, {Name: "ü", Chunk: make([]byte, 1000)}}
	got := func(place string, value []byte) string {
		var out []string
		err := sb.EachUnit(place, value, func(name string, chunk []byte) { out = append(out, fmt.Sprint(name, len(chunk))) })
		return fmt.Sprint(out, err)
	}
	if is, want := got("+", sb.EncodeUnits(units)), "[base5 port-10 ü1000] <nil>"; is != want {
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
	other := "+" + string('0'+'1'-place[1])
	for name, bad := range map[string][2]string{
		"empty": {"+", ""}, "another version": {"+", "\x02"}, "cut off": {"+", string(whole[:len(whole)-1])},
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
	f.Fuzz(func(t *testing.T, place string, value []byte) {
		var units []sb.Unit
		err := sb.EachUnit(place, value, func(name string, chunk []byte) { units = append(units, sb.Unit{Name: name, Chunk: chunk}) })
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
