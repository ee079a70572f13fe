package ofp_test

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

func selectBody(t *testing.T, method string, buckets []ofp.Bucket) ofp.GroupBody {
	t.Helper()
	body, err := (&ofp.GroupSpec{Type: ofp.GroupSelect, Select: method, Bucket: buckets}).Body()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// randomBuckets changes some buckets of a set, takes some out and puts some in.
func randomBuckets(r *rand.Rand, have map[uint32]ofp.Bucket, changes int) map[uint32]ofp.Bucket {
	want := maps.Clone(have)
	for range changes {
		id := r.Uint32N(40)
		if want[id].Weight != 0 && r.IntN(2) == 0 {
			delete(want, id)
			continue
		}
		b := ofp.Bucket{ID: id, Weight: uint16(1 + r.IntN(2))}
		for range r.IntN(3) {
			b.Actions += actions(func(a *ofp.ActionBuilder) { a.Output(1 + r.Uint32N(2)) })
		}
		want[id] = b
	}
	return want
}

// shuffled are the buckets in any order.
func shuffled(r *rand.Rand, set map[uint32]ofp.Bucket) []ofp.Bucket {
	list := slices.Collect(maps.Values(set))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// What a change says, done to the old group as a switch does it, is the new
// one; it is no more than is needed, and said where more buckets stay.
func TestBucketChange(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	said := 0
	for range 5000 {
		have := randomBuckets(r, map[uint32]ofp.Bucket{}, r.IntN(60))
		want := randomBuckets(r, have, r.IntN(12))
		old, to := selectBody(t, "hash", shuffled(r, have)), selectBody(t, "hash", shuffled(r, want))
		var gone, come []uint32
		stay := 0
		for id, b := range have {
			if want[id] == b {
				stay++
			} else {
				gone = append(gone, id)
			}
		}
		for id, b := range want {
			if have[id] != b {
				come = append(come, id)
			}
		}
		remove, insert, ok := old.BucketChange(to)
		if ok != (len(gone)+len(come) < stay) {
			t.Fatalf("%d go, %d come, %d stay: said %v", len(gone), len(come), stay, ok)
		}
		if !ok {
			continue
		}
		said++
		slices.Sort(gone)
		if !slices.Equal(remove, gone) || (insert == "") != (len(come) == 0) {
			t.Fatalf("%v go, want %v; %q comes for %v", remove, gone, insert, come)
		}
		// The switch reports what is left in order, and behind it what came.
		list := shuffled(r, have)
		for _, id := range remove {
			list = slices.DeleteFunc(list, func(b ofp.Bucket) bool { return b.ID == id })
		}
		left := selectBody(t, "hash", list)
		if insert != "" {
			n := 4 + int(binary.BigEndian.Uint16([]byte(left[2:4])))
			left = left[:n] + insert[4:] + left[n:]
			left = left[:2] + ofp.GroupBody(binary.BigEndian.AppendUint16(nil, uint16(n-4+len(insert)-4))) + left[4:]
		}
		if got := reported(t, left); got != to {
			t.Fatalf("%x and -%v +%x: %x, want %x", old, remove, insert, got, to)
		}
	}
	if said < 1000 {
		t.Errorf("only %d changes were said by bucket", said)
	}
}

// reported is what is read of a group that a switch describes so.
func reported(t *testing.T, body ofp.GroupBody) ofp.GroupBody {
	t.Helper()
	b := []byte{0, 0, body[0], 0, 0, 0, 0, 9, body[2], body[3], 0, 0, 0, 0, 0, 0}
	b = append(b, body[4:]...)
	binary.BigEndian.PutUint16(b, uint16(len(b)))
	g, rest, err := ofp.ParseGroupDesc(b)
	if err != nil || len(rest) != 0 || g.ID != 9 {
		t.Fatalf("group %d, %d bytes left, %v", g.ID, len(rest), err)
	}
	return g.Body
}

// What differs in more than buckets is changed as a whole.
func TestNoBucketChange(t *testing.T) {
	few := []ofp.Bucket{{ID: 1, Weight: 1}, {ID: 2, Weight: 1}, {ID: 3, Weight: 1}}
	more := append(slices.Clone(few), ofp.Bucket{ID: 4, Weight: 1})
	twice := append(slices.Clone(few), ofp.Bucket{ID: 3, Weight: 2})
	all, err := (&ofp.GroupSpec{Type: ofp.GroupAllBuckets, Bucket: few}).Body()
	if err != nil {
		t.Fatal(err)
	}
	body := selectBody(t, "hash", few)
	for name, pair := range map[string][2]ofp.GroupBody{
		"method":       {body, selectBody(t, "dp_hash", more)},
		"type":         {all, body},
		"new":          {"", body},
		"deleted":      {body, ""},
		"emptied":      {body, selectBody(t, "hash", nil)},
		"filled":       {selectBody(t, "hash", nil), body},
		"number twice": {body, selectBody(t, "hash", twice)},
		"damaged":      {body, body[:2] + "\xff\xff" + body[4:]},
		"cut":          {body, body[:4] + "\x00\x01" + body[6:]},
	} {
		if _, _, ok := pair[0].BucketChange(pair[1]); ok {
			t.Errorf("%s: is a change of buckets", name)
		}
	}
	if _, _, ok := body.BucketChange(selectBody(t, "hash", more)); !ok {
		t.Error("one bucket more is no change of buckets")
	}
	if got := reported(t, "\x01\x00\x00\x09\x00\x04\x00\x00\x00\x00\x00\x05\x01"); got != "\x01\x00\x00\x09\x00\x04\x00\x00\x00\x00\x00\x05\x01" {
		t.Errorf("what cannot be read is not kept as it is: %x", got)
	}
}
