// Made by `bun scripts/schema.ts` from popef.capnp. Do not edit.
import * as $ from "capnp-es";
export const _capnpFileId = 0xccd20560625ac450n;
export const BlobType = {
  POPLAR_EXECUTABLE: 0,
  METADATA: 1,
  DATA_TENSOR: 2,
  DATA_FEED: 3,
  OPAQUE: 4
} as const;
export type BlobType = (typeof BlobType)[keyof typeof BlobType];
export const DataType = {
  BOOL: 0,
  F8: 1,
  F16: 2,
  F32: 3,
  F64: 4,
  S8: 5,
  U8: 6,
  S16: 7,
  U16: 8,
  S32: 9,
  U32: 10,
  S64: 11,
  U64: 12,
  F8143: 13,
  F8152: 14
} as const;
export type DataType = (typeof DataType)[keyof typeof DataType];
export const TensorType = {
  UNKNOWN: 0,
  INPUT: 1,
  OUTPUT: 2
} as const;
export type TensorType = (typeof TensorType)[keyof typeof TensorType];
export class BlobHeader extends $.Struct {
  static override readonly _capnp = {
    displayName: "BlobHeader",
    id: "cd5a4c5fe4057984",
    size: new $.ObjectSize(16, 1),
  };
  get version(): string {
    return $.utils.getText(0, this);
  }
  set version(value: string) {
    $.utils.setText(0, value, this);
  }
  get type(): BlobType {
    return $.utils.getUint16(0, this) as BlobType;
  }
  set type(value: BlobType) {
    $.utils.setUint16(0, value, this);
  }
  /**
* From the first byte of this header to the first byte of the next.
*
*/
  get size(): bigint {
    return $.utils.getUint64(8, this);
  }
  set size(value: bigint) {
    $.utils.setUint64(8, value, this);
  }
  override toString(): string { return "BlobHeader_" + super.toString(); }
}
export class Option extends $.Struct {
  static override readonly _capnp = {
    displayName: "Option",
    id: "bcd19a55f132b6bb",
    size: new $.ObjectSize(0, 2),
  };
  get name(): string {
    return $.utils.getText(0, this);
  }
  set name(value: string) {
    $.utils.setText(0, value, this);
  }
  get value(): string {
    return $.utils.getText(1, this);
  }
  set value(value: string) {
    $.utils.setText(1, value, this);
  }
  override toString(): string { return "Option_" + super.toString(); }
}
/**
* Bytes that only their writer understands, kept beside the executable that they belong to.
*
*/
export class Opaque extends $.Struct {
  static override readonly _capnp = {
    displayName: "Opaque",
    id: "ba1ae9d4fdb73b20",
    size: new $.ObjectSize(0, 2),
  };
  get name(): string {
    return $.utils.getText(0, this);
  }
  set name(value: string) {
    $.utils.setText(0, value, this);
  }
  get executable(): string {
    return $.utils.getText(1, this);
  }
  set executable(value: string) {
    $.utils.setText(1, value, this);
  }
  override toString(): string { return "Opaque_" + super.toString(); }
}
export class PoplarExecutable extends $.Struct {
  static override readonly _capnp = {
    displayName: "PoplarExecutable",
    id: "841f8537d063355e",
    size: new $.ObjectSize(8, 1),
  };
  get name(): string {
    return $.utils.getText(0, this);
  }
  set name(value: string) {
    $.utils.setText(0, value, this);
  }
  /**
* All ones: the bytes are not compressed.
*
*/
  get uncompressedSize(): bigint {
    return $.utils.getUint64(0, this);
  }
  set uncompressedSize(value: bigint) {
    $.utils.setUint64(0, value, this);
  }
  override toString(): string { return "PoplarExecutable_" + super.toString(); }
}
export class TensorInfo extends $.Struct {
  static override readonly _capnp = {
    displayName: "TensorInfo",
    id: "cae649b6b02a1ccb",
    size: new $.ObjectSize(8, 1),
  };
  _adoptShape(value: $.Orphan<$.List<bigint>>): void {
    $.utils.adopt(value, $.utils.getPointer(0, this));
  }
  _disownShape(): $.Orphan<$.List<bigint>> {
    return $.utils.disown(this.shape);
  }
  get shape(): $.List<bigint> {
    return $.utils.getList(0, $.Int64List, this);
  }
  _hasShape(): boolean {
    return !$.utils.isNull($.utils.getPointer(0, this));
  }
  _initShape(length: number): $.List<bigint> {
    return $.utils.initList(0, $.Int64List, length, this);
  }
  set shape(value: $.List<bigint>) {
    $.utils.copyFrom(value, $.utils.getPointer(0, this));
  }
  get dataType(): DataType {
    return $.utils.getUint16(0, this) as DataType;
  }
  set dataType(value: DataType) {
    $.utils.setUint16(0, value, this);
  }
  override toString(): string { return "TensorInfo_" + super.toString(); }
}
export class Anchor extends $.Struct {
  static override readonly _capnp = {
    displayName: "Anchor",
    id: "88ef56008b9fc3bd",
    size: new $.ObjectSize(8, 4),
  };
  get name(): string {
    return $.utils.getText(0, this);
  }
  set name(value: string) {
    $.utils.setText(0, value, this);
  }
  _adoptPrograms(value: $.Orphan<$.List<number>>): void {
    $.utils.adopt(value, $.utils.getPointer(1, this));
  }
  _disownPrograms(): $.Orphan<$.List<number>> {
    return $.utils.disown(this.programs);
  }
  get programs(): $.List<number> {
    return $.utils.getList(1, $.Uint32List, this);
  }
  _hasPrograms(): boolean {
    return !$.utils.isNull($.utils.getPointer(1, this));
  }
  _initPrograms(length: number): $.List<number> {
    return $.utils.initList(1, $.Uint32List, length, this);
  }
  set programs(value: $.List<number>) {
    $.utils.copyFrom(value, $.utils.getPointer(1, this));
  }
  get handle(): string {
    return $.utils.getText(2, this);
  }
  set handle(value: string) {
    $.utils.setText(2, value, this);
  }
  _adoptTensorInfo(value: $.Orphan<TensorInfo>): void {
    $.utils.adopt(value, $.utils.getPointer(3, this));
  }
  _disownTensorInfo(): $.Orphan<TensorInfo> {
    return $.utils.disown(this.tensorInfo);
  }
  get tensorInfo(): TensorInfo {
    return $.utils.getStruct(3, TensorInfo, this);
  }
  _hasTensorInfo(): boolean {
    return !$.utils.isNull($.utils.getPointer(3, this));
  }
  _initTensorInfo(): TensorInfo {
    return $.utils.initStructAt(3, TensorInfo, this);
  }
  set tensorInfo(value: TensorInfo) {
    $.utils.copyFrom(value, $.utils.getPointer(3, this));
  }
  get type(): TensorType {
    return $.utils.getUint16(0, this) as TensorType;
  }
  set type(value: TensorType) {
    $.utils.setUint16(0, value, this);
  }
  get isPerReplica(): boolean {
    return $.utils.getBit(16, this);
  }
  set isPerReplica(value: boolean) {
    $.utils.setBit(16, value, this);
  }
  get useRemoteBuffers(): boolean {
    return $.utils.getBit(17, this);
  }
  set useRemoteBuffers(value: boolean) {
    $.utils.setBit(17, value, this);
  }
  get repeats(): number {
    return $.utils.getUint32(4, this);
  }
  set repeats(value: number) {
    $.utils.setUint32(4, value, this);
  }
  override toString(): string { return "Anchor_" + super.toString(); }
}
export class ProgramFlow extends $.Struct {
  static override readonly _capnp = {
    displayName: "ProgramFlow",
    id: "afe34f02ca5b2609",
    size: new $.ObjectSize(0, 3),
  };
  _adoptLoad(value: $.Orphan<$.List<number>>): void {
    $.utils.adopt(value, $.utils.getPointer(0, this));
  }
  _disownLoad(): $.Orphan<$.List<number>> {
    return $.utils.disown(this.load);
  }
  get load(): $.List<number> {
    return $.utils.getList(0, $.Uint32List, this);
  }
  _hasLoad(): boolean {
    return !$.utils.isNull($.utils.getPointer(0, this));
  }
  _initLoad(length: number): $.List<number> {
    return $.utils.initList(0, $.Uint32List, length, this);
  }
  set load(value: $.List<number>) {
    $.utils.copyFrom(value, $.utils.getPointer(0, this));
  }
  _adoptMain(value: $.Orphan<$.List<number>>): void {
    $.utils.adopt(value, $.utils.getPointer(1, this));
  }
  _disownMain(): $.Orphan<$.List<number>> {
    return $.utils.disown(this.main);
  }
  get main(): $.List<number> {
    return $.utils.getList(1, $.Uint32List, this);
  }
  _hasMain(): boolean {
    return !$.utils.isNull($.utils.getPointer(1, this));
  }
  _initMain(length: number): $.List<number> {
    return $.utils.initList(1, $.Uint32List, length, this);
  }
  set main(value: $.List<number>) {
    $.utils.copyFrom(value, $.utils.getPointer(1, this));
  }
  _adoptSave(value: $.Orphan<$.List<number>>): void {
    $.utils.adopt(value, $.utils.getPointer(2, this));
  }
  _disownSave(): $.Orphan<$.List<number>> {
    return $.utils.disown(this.save);
  }
  get save(): $.List<number> {
    return $.utils.getList(2, $.Uint32List, this);
  }
  _hasSave(): boolean {
    return !$.utils.isNull($.utils.getPointer(2, this));
  }
  _initSave(length: number): $.List<number> {
    return $.utils.initList(2, $.Uint32List, length, this);
  }
  set save(value: $.List<number>) {
    $.utils.copyFrom(value, $.utils.getPointer(2, this));
  }
  override toString(): string { return "ProgramFlow_" + super.toString(); }
}
export class ProgramInfo extends $.Struct {
  static override readonly _capnp = {
    displayName: "ProgramInfo",
    id: "9d093e9e506c6d66",
    size: new $.ObjectSize(8, 1),
  };
  get index(): number {
    return $.utils.getUint32(0, this);
  }
  set index(value: number) {
    $.utils.setUint32(0, value, this);
  }
  get name(): string {
    return $.utils.getText(0, this);
  }
  set name(value: string) {
    $.utils.setText(0, value, this);
  }
  override toString(): string { return "ProgramInfo_" + super.toString(); }
}
export class Metadata extends $.Struct {
  static override readonly _capnp = {
    displayName: "Metadata",
    id: "c6b557b5e7a70026",
    size: new $.ObjectSize(24, 7),
  };
  static _Anchors: $.ListCtor<Anchor>;
  static _EngineOptions: $.ListCtor<Option>;
  static _DeviceOptions: $.ListCtor<Option>;
  static _ProgramsMap: $.ListCtor<ProgramInfo>;
  get replicationFactor(): number {
    return $.utils.getUint32(0, this);
  }
  set replicationFactor(value: number) {
    $.utils.setUint32(0, value, this);
  }
  get numIpus(): number {
    return $.utils.getUint32(4, this);
  }
  set numIpus(value: number) {
    $.utils.setUint32(4, value, this);
  }
  get seedHandle(): string {
    return $.utils.getText(0, this);
  }
  set seedHandle(value: string) {
    $.utils.setText(0, value, this);
  }
  _adoptAnchors(value: $.Orphan<$.List<Anchor>>): void {
    $.utils.adopt(value, $.utils.getPointer(1, this));
  }
  _disownAnchors(): $.Orphan<$.List<Anchor>> {
    return $.utils.disown(this.anchors);
  }
  get anchors(): $.List<Anchor> {
    return $.utils.getList(1, Metadata._Anchors, this);
  }
  _hasAnchors(): boolean {
    return !$.utils.isNull($.utils.getPointer(1, this));
  }
  _initAnchors(length: number): $.List<Anchor> {
    return $.utils.initList(1, Metadata._Anchors, length, this);
  }
  set anchors(value: $.List<Anchor>) {
    $.utils.copyFrom(value, $.utils.getPointer(1, this));
  }
  get executable(): string {
    return $.utils.getText(2, this);
  }
  set executable(value: string) {
    $.utils.setText(2, value, this);
  }
  get numProcesses(): number {
    return $.utils.getUint32(8, this);
  }
  set numProcesses(value: number) {
    $.utils.setUint32(8, value, this);
  }
  get ipuVersion(): number {
    return $.utils.getUint32(12, this);
  }
  set ipuVersion(value: number) {
    $.utils.setUint32(12, value, this);
  }
  get isPOD(): boolean {
    return $.utils.getBit(128, this);
  }
  set isPOD(value: boolean) {
    $.utils.setBit(128, value, this);
  }
  get isInference(): boolean {
    return $.utils.getBit(129, this);
  }
  set isInference(value: boolean) {
    $.utils.setBit(129, value, this);
  }
  _adoptEngineOptions(value: $.Orphan<$.List<Option>>): void {
    $.utils.adopt(value, $.utils.getPointer(3, this));
  }
  _disownEngineOptions(): $.Orphan<$.List<Option>> {
    return $.utils.disown(this.engineOptions);
  }
  get engineOptions(): $.List<Option> {
    return $.utils.getList(3, Metadata._EngineOptions, this);
  }
  _hasEngineOptions(): boolean {
    return !$.utils.isNull($.utils.getPointer(3, this));
  }
  _initEngineOptions(length: number): $.List<Option> {
    return $.utils.initList(3, Metadata._EngineOptions, length, this);
  }
  set engineOptions(value: $.List<Option>) {
    $.utils.copyFrom(value, $.utils.getPointer(3, this));
  }
  _adoptDeviceOptions(value: $.Orphan<$.List<Option>>): void {
    $.utils.adopt(value, $.utils.getPointer(4, this));
  }
  _disownDeviceOptions(): $.Orphan<$.List<Option>> {
    return $.utils.disown(this.deviceOptions);
  }
  get deviceOptions(): $.List<Option> {
    return $.utils.getList(4, Metadata._DeviceOptions, this);
  }
  _hasDeviceOptions(): boolean {
    return !$.utils.isNull($.utils.getPointer(4, this));
  }
  _initDeviceOptions(length: number): $.List<Option> {
    return $.utils.initList(4, Metadata._DeviceOptions, length, this);
  }
  set deviceOptions(value: $.List<Option>) {
    $.utils.copyFrom(value, $.utils.getPointer(4, this));
  }
  _adoptProgramFlow(value: $.Orphan<ProgramFlow>): void {
    $.utils.adopt(value, $.utils.getPointer(5, this));
  }
  _disownProgramFlow(): $.Orphan<ProgramFlow> {
    return $.utils.disown(this.programFlow);
  }
  get programFlow(): ProgramFlow {
    return $.utils.getStruct(5, ProgramFlow, this);
  }
  _hasProgramFlow(): boolean {
    return !$.utils.isNull($.utils.getPointer(5, this));
  }
  _initProgramFlow(): ProgramFlow {
    return $.utils.initStructAt(5, ProgramFlow, this);
  }
  set programFlow(value: ProgramFlow) {
    $.utils.copyFrom(value, $.utils.getPointer(5, this));
  }
  _adoptProgramsMap(value: $.Orphan<$.List<ProgramInfo>>): void {
    $.utils.adopt(value, $.utils.getPointer(6, this));
  }
  _disownProgramsMap(): $.Orphan<$.List<ProgramInfo>> {
    return $.utils.disown(this.programsMap);
  }
  get programsMap(): $.List<ProgramInfo> {
    return $.utils.getList(6, Metadata._ProgramsMap, this);
  }
  _hasProgramsMap(): boolean {
    return !$.utils.isNull($.utils.getPointer(6, this));
  }
  _initProgramsMap(length: number): $.List<ProgramInfo> {
    return $.utils.initList(6, Metadata._ProgramsMap, length, this);
  }
  set programsMap(value: $.List<ProgramInfo>) {
    $.utils.copyFrom(value, $.utils.getPointer(6, this));
  }
  /**
* Added after the others: files without it have 0, which means 1.
*
*/
  get deviceIterations(): number {
    return $.utils.getUint32(20, this);
  }
  set deviceIterations(value: number) {
    $.utils.setUint32(20, value, this);
  }
  override toString(): string { return "Metadata_" + super.toString(); }
}
/**
* In front of the tensors of a feed, one after another.
*
*/
export class FeedDataInfo extends $.Struct {
  static override readonly _capnp = {
    displayName: "FeedDataInfo",
    id: "a981212b56aff05a",
    size: new $.ObjectSize(8, 2),
  };
  get name(): string {
    return $.utils.getText(0, this);
  }
  set name(value: string) {
    $.utils.setText(0, value, this);
  }
  _adoptTensorInfo(value: $.Orphan<TensorInfo>): void {
    $.utils.adopt(value, $.utils.getPointer(1, this));
  }
  _disownTensorInfo(): $.Orphan<TensorInfo> {
    return $.utils.disown(this.tensorInfo);
  }
  get tensorInfo(): TensorInfo {
    return $.utils.getStruct(1, TensorInfo, this);
  }
  _hasTensorInfo(): boolean {
    return !$.utils.isNull($.utils.getPointer(1, this));
  }
  _initTensorInfo(): TensorInfo {
    return $.utils.initStructAt(1, TensorInfo, this);
  }
  set tensorInfo(value: TensorInfo) {
    $.utils.copyFrom(value, $.utils.getPointer(1, this));
  }
  get numTensors(): number {
    return $.utils.getUint32(0, this);
  }
  set numTensors(value: number) {
    $.utils.setUint32(0, value, this);
  }
  override toString(): string { return "FeedDataInfo_" + super.toString(); }
}
/**
* In front of one tensor.
*
*/
export class TensorDataInfo extends $.Struct {
  static override readonly _capnp = {
    displayName: "TensorDataInfo",
    id: "b3280734f47166c2",
    size: new $.ObjectSize(0, 2),
  };
  get name(): string {
    return $.utils.getText(0, this);
  }
  set name(value: string) {
    $.utils.setText(0, value, this);
  }
  _adoptTensorInfo(value: $.Orphan<TensorInfo>): void {
    $.utils.adopt(value, $.utils.getPointer(1, this));
  }
  _disownTensorInfo(): $.Orphan<TensorInfo> {
    return $.utils.disown(this.tensorInfo);
  }
  get tensorInfo(): TensorInfo {
    return $.utils.getStruct(1, TensorInfo, this);
  }
  _hasTensorInfo(): boolean {
    return !$.utils.isNull($.utils.getPointer(1, this));
  }
  _initTensorInfo(): TensorInfo {
    return $.utils.initStructAt(1, TensorInfo, this);
  }
  set tensorInfo(value: TensorInfo) {
    $.utils.copyFrom(value, $.utils.getPointer(1, this));
  }
  override toString(): string { return "TensorDataInfo_" + super.toString(); }
}
Metadata._Anchors = $.CompositeList(Anchor);
Metadata._EngineOptions = $.CompositeList(Option);
Metadata._DeviceOptions = $.CompositeList(Option);
Metadata._ProgramsMap = $.CompositeList(ProgramInfo);
