package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/weft-sdn/weft/schema"
)

func TestUUID(t *testing.T) {
	const text = "01234567-89ab-cdef-0123-456789abcdef"
	u, err := schema.ParseUUID("01234567-89AB-cdef-0123-456789abcdef")
	if err != nil || u.String() != text {
		t.Errorf("%v, %v", u, err)
	}
	data, err := json.Marshal(map[schema.UUID]schema.UUID{u: u})
	if err != nil || string(data) != `{"`+text+`":"`+text+`"}` {
		t.Errorf("%s, %v", data, err)
	}
	var back map[schema.UUID]schema.UUID
	if err := json.Unmarshal(data, &back); err != nil || back[u] != u {
		t.Errorf("%v, %v", back, err)
	}
	if a := schema.UUIDAtom(u); a.UUID() != u || a.String() != text || a != schema.UUIDAtom(u) {
		t.Errorf("atom %v", a)
	}
	for _, bad := range []string{"", text[1:], text + "0", "0123456789abcdef0123456789abcdef0123", "g" + text[1:], text[:35] + "-"} {
		if _, err := schema.ParseUUID(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestNewUUID(t *testing.T) {
	a, b := schema.NewUUID(), schema.NewUUID()
	if a == b || a.IsZero() || a[6]>>4 != 4 || a[8]>>6 != 2 {
		t.Errorf("%v %v", a, b)
	}
}

// TestNameUUID pins the function: rows in etcd are found by it.
func TestNameUUID(t *testing.T) {
	if got := schema.NameUUID("Chassis", "hv1").String(); got != chassisHV1 {
		t.Errorf("got %s, want %s", got, chassisHV1)
	}
	seen := map[schema.UUID]bool{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"a"}, {"a", ""}, {"", "a"}, {"a", "b"}, {"ab"}, {"b", "a"}} {
		u := schema.NameUUID(parts...)
		if seen[u] || u[6]>>4 != 5 || u[8]>>6 != 2 {
			t.Errorf("%q: %v", parts, u)
		}
		seen[u] = true
	}
}

const chassisHV1 = "8cced33b-d431-5acd-8e04-888977daea7f"
