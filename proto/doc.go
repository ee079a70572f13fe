// Package proto is the gRPC admin API that both daemons serve on a Unix
// socket: status with reasons, logical flows, health, reflection.
//
// The rule: the API is for people and their tools. Nothing in the system
// depends on it; daemons speak to one another through etcd alone.
//
// Imports: none
package proto

//go:generate protoc --plugin=protoc-gen-go=../bin/protoc-gen-go --plugin=protoc-gen-go-grpc=../bin/protoc-gen-go-grpc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative admin.proto
