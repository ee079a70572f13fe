package model

import "slices"

// Distinct returns the values of a list, each once and in the order in which it
// came first: the list itself if none comes twice. It costs what the list is.
func Distinct[T comparable](list []T) []T {
	const few = 16
	if len(list) <= few {
		twice := func(i int) bool { return slices.Contains(list[:i], list[i]) }
		i := 0
		for i < len(list) && !twice(i) {
			i++
		}
		if i == len(list) {
			return list
		}
	}
	out, seen := make([]T, 0, len(list)), make(map[T]struct{}, len(list))
	for _, v := range list {
		if _, ok := seen[v]; !ok {
			seen[v] = struct{}{}
			out = append(out, v)
		}
	}
	if len(out) == len(list) {
		return list
	}
	return out
}

// GroupBy returns the values of a list by key, in the order in which keys came
// first.
func GroupBy[T any, K comparable](list []T, key func(T) K) [][]T {
	if len(list) == 1 {
		return [][]T{list}
	}
	var out [][]T
	at := make(map[K]int, len(list))
	for _, v := range list {
		k := key(v)
		n, ok := at[k]
		if !ok {
			n = len(out)
			at[k] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], v)
	}
	return out
}
