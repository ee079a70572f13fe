package serve

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
	"github.com/weft-sdn/weft/store"
)

// Whatever comes and goes, in whatever steps: what is written for the changes leads
// to the buckets that all units together have, each unit is in one, and no bucket is
// written that stays as it is.
func TestBucketsFollowFromUnits(t *testing.T) {
	owners := []schema.UUID{schema.NameUUID("a"), schema.NameUUID("b")}
	rapid.Check(t, func(t *rapid.T) {
		o, stored := newOutput(nil), map[string][]byte{}
		units := map[schema.UUID]map[string][]byte{owners[0]: {}, owners[1]: {}}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			var out northd.Output
			many := rapid.SampledFrom([]int{1, 3, 40}).Draw(t, "changes")
			for range many {
				owner := rapid.SampledFrom(owners).Draw(t, "owner")
				name := fmt.Sprint("port-", rapid.IntRange(0, 60).Draw(t, "unit"))
				var chunk []byte
				if rapid.IntRange(0, 2).Draw(t, "gone") > 0 {
					chunk = bytes.Repeat([]byte("x"), rapid.SampledFrom([]int{1, 300, 5000, 20000}).Draw(t, "size"))
					units[owner][name] = chunk
				} else {
					delete(units[owner], name)
				}
				out.Units = append(out.Units, northd.Unit{Path: owner.String() + "/" + name, Chunk: chunk})
			}
			o.add(sb.Schema(), out)
			blobs := o.buckets()
			if rapid.Bool().Draw(t, "refused") {
				continue // etcd did not take it
			}
			for path, data := range blobs {
				if data == nil {
					delete(stored, path)
				} else {
					stored[path] = data
				}
			}
			o.whole = false
			o.done()

			all := map[string][]byte{}
			for owner, list := range units {
				hashed(list).eachBucket(0, func(hash uint64, bits int, in unitList) {
					all[sb.BucketPath(owner, hash, bits)] = in.encode()
				})
			}
			if !maps.EqualFunc(stored, all, bytes.Equal) {
				t.Fatalf("stored are %d buckets, all units have %d", len(stored), len(all))
			}
			found := 0
			for path, data := range all {
				n, size := 0, 0
				err := sb.EachUnit(path[strings.LastIndexByte(path, '/')+1:], data, func(_ string, chunk []byte) { n, size = n+1, size+len(chunk) })
				if found += n; err != nil || n == 0 || n > 1 && (n > bucketUnits || size > bucketBytes) {
					t.Fatalf("%s has %d units of %d bytes: %v", path, n, size, err)
				}
			}
			if found != len(units[owners[0]])+len(units[owners[1]]) {
				t.Fatalf("%d units are in buckets", found)
			}
		}
	})
}

// One port more writes one bucket, wherever it comes; where one is parted, two come
// for one that goes.
func TestOneUnitWritesItsBucket(t *testing.T) {
	owner := schema.NameUUID("sw")
	o, blobs := newOutput(nil), 0
	for i := range 2000 {
		o.add(sb.Schema(), northd.Output{Units: []northd.Unit{{Path: fmt.Sprintf("%s/port-%d", owner, i), Chunk: make([]byte, 400)}}})
		o.whole = false
		wrote := o.buckets()
		if len(wrote) > 4 {
			t.Fatalf("unit %d writes %d buckets", i, len(wrote))
		}
		blobs += len(wrote)
		o.done()
	}
	if blobs > 3000 {
		t.Errorf("2000 units wrote %d buckets", blobs)
	}
}

// Many that come or go together find their buckets once.
func TestManyUnitsAtOnce(t *testing.T) {
	owner, all := schema.NameUUID("sw"), map[string][]byte{}
	for i := range 5000 {
		all[fmt.Sprint("port-", i)] = make([]byte, 400)
	}
	units, none := hashed(all), unitList(nil)
	buckets := 0
	units.eachBucket(0, func(uint64, int, unitList) { buckets++ })
	for _, x := range []struct{ was, now unitList }{{none, units}, {units, none}, {units, units}} {
		told := map[string]int{}
		changedBuckets(owner, x.was, x.now, units, func(path string) { told[path]++ }, func(path string, _ unitList) { told[path]++ })
		if len(told) != buckets {
			t.Errorf("%d buckets are told, want %d", len(told), buckets)
		}
		for path, n := range told {
			if n > 1 {
				t.Fatalf("%s is told %d times", path, n)
			}
		}
	}
}

// Of an owner, what goes comes before what comes.
func TestBlobOrder(t *testing.T) {
	gone, come := store.BlobChange{Path: "flows/a/+1"}, store.BlobChange{Path: "flows/a/+0", New: []byte{}}
	if compareBlobs(gone, come) >= 0 || compareBlobs(come, gone) <= 0 || compareBlobs(come, come) != 0 {
		t.Error("a unit may be in two buckets")
	}
	if other := (store.BlobChange{Path: "flows/b/+"}); compareBlobs(come, other) >= 0 {
		t.Error("owners are not together")
	}
}
