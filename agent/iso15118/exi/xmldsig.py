"""XML signatures, made from its schema by tools/generate_exi.py; do not edit."""

from __future__ import annotations

from typing import Any

from agent.iso15118.exi.message import Message


class CanonicalizationMethodType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Algorithm:text ~ * >0 . # >0"
    Algorithm: str
    content: tuple[tuple[str, Any], ...] = ()


class DSAKeyValueType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "~ P:base64 >1 G:base64 >3 Y:base64 >4 / Q:base64 >2 / G:base64 >3 Y:base64 >4 / Y:base64 >4 / J:base64 "
        ">5 Seed:base64 >6 . / Seed:base64 >6 . / PgenCounter:base64 >7 / ."
    )
    content: tuple[tuple[str, Any], ...] = ()


class DigestMethodType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Algorithm:text ~ * >0 . # >0"
    Algorithm: str
    content: tuple[tuple[str, Any], ...] = ()


class KeyInfoType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^0 ~ KeyName:text >1 KeyValue:KeyValueType >1 RetrievalMethod:RetrievalMethodType >1 "
        "X509Data:X509DataType >1 PGPData:PGPDataType >1 SPKIData:SPKIDataType >1 MgmtData:text >1 * >1 # >0 / "
        "KeyName:text >1 KeyValue:KeyValueType >1 RetrievalMethod:RetrievalMethodType >1 X509Data:X509DataType >1 "
        "PGPData:PGPDataType >1 SPKIData:SPKIDataType >1 MgmtData:text >1 * >1 . # >1"
    )
    Id: str | None = None
    content: tuple[tuple[str, Any], ...] = ()


class KeyValueType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "~ DSAKeyValue:DSAKeyValueType >1 RSAKeyValue:RSAKeyValueType >1 * >1 # >0 / . # >1"
    content: tuple[tuple[str, Any], ...] = ()


class Manifest(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^0 Reference{1,}:ReferenceType"
    Id: str | None = None
    Reference: tuple[ReferenceType, ...]


class ObjectType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Encoding?:text @Id?:text^0 @MimeType?:text ~ * >0 . # >0"
    Encoding: str | None = None
    Id: str | None = None
    MimeType: str | None = None
    content: tuple[tuple[str, Any], ...] = ()


class PGPDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "~ PGPKeyID:base64 >1 PGPKeyPacket:base64 >3 / PGPKeyPacket:base64 >2 * >2 . / * >2 . / * >3 ."
    content: tuple[tuple[str, Any], ...] = ()


class RSAKeyValueType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Modulus:base64 Exponent:base64"
    Modulus: bytes
    Exponent: bytes


class ReferenceType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^0 @Type?:text @URI?:text Transforms?:TransformsType DigestMethod:DigestMethodType "
        "DigestValue:base64"
    )
    Id: str | None = None
    Type: str | None = None
    URI: str | None = None
    Transforms: TransformsType | None = None
    DigestMethod: DigestMethodType
    DigestValue: bytes


class RetrievalMethodType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Type?:text @URI?:text Transforms?:TransformsType"
    Type: str | None = None
    URI: str | None = None
    Transforms: TransformsType | None = None


class SPKIDataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "~ SPKISexp:base64 >1 / SPKISexp:base64 >1 * >2 . / SPKISexp:base64 >1 ."
    content: tuple[tuple[str, Any], ...] = ()


class SignatureMethodType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Algorithm:text ~ HMACOutputLength:integer >1 * >1 . # >0 / * >1 . # >1"
    Algorithm: str
    content: tuple[tuple[str, Any], ...] = ()


class SignatureProperties(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^0 SignatureProperty{1,}:SignaturePropertyType"
    Id: str | None = None
    SignatureProperty: tuple[SignaturePropertyType, ...]


class SignaturePropertyType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^0 @Target:text ~ * >1 # >0 / * >1 . # >1"
    Id: str | None = None
    Target: str
    content: tuple[tuple[str, Any], ...] = ()


class SignatureType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^0 SignedInfo:SignedInfoType SignatureValue:SignatureValueType KeyInfo?:KeyInfoType "
        "Object{0,}:ObjectType"
    )
    Id: str | None = None
    SignedInfo: SignedInfoType
    SignatureValue: SignatureValueType
    KeyInfo: KeyInfoType | None = None
    Object: tuple[ObjectType, ...] = ()


class SignatureValueType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Id?:text^0 =value:base64"
    Id: str | None = None
    value: bytes


class SignedInfoType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "@Id?:text^0 CanonicalizationMethod:CanonicalizationMethodType SignatureMethod:SignatureMethodType "
        "Reference{1,}:ReferenceType"
    )
    Id: str | None = None
    CanonicalizationMethod: CanonicalizationMethodType
    SignatureMethod: SignatureMethodType
    Reference: tuple[ReferenceType, ...]


class TransformType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "@Algorithm:text ~ XPath:text >0 * >0 . # >0"
    Algorithm: str
    content: tuple[tuple[str, Any], ...] = ()


class TransformsType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "Transform{1,}:TransformType"
    Transform: tuple[TransformType, ...]


class X509DataType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = (
        "~ X509IssuerSerial:X509IssuerSerialType >1 X509SKI:base64 >1 X509SubjectName:text >1 "
        "X509Certificate:base64 >1 X509CRL:base64 >1 * >1 / X509IssuerSerial:X509IssuerSerialType >1 "
        "X509SKI:base64 >1 X509SubjectName:text >1 X509Certificate:base64 >1 X509CRL:base64 >1 * >1 ."
    )
    content: tuple[tuple[str, Any], ...] = ()


class X509IssuerSerialType(Message, frozen=True, kw_only=True, gc=False):
    GRAMMAR = "X509IssuerName:text X509SerialNumber:integer"
    X509IssuerName: str
    X509SerialNumber: int


ROOTS = (
    "CanonicalizationMethod=CanonicalizationMethodType DSAKeyValue=DSAKeyValueType DigestMethod=DigestMethodType "
    "DigestValue! KeyInfo=KeyInfoType KeyName! KeyValue=KeyValueType Manifest MgmtData! Object=ObjectType "
    "PGPData=PGPDataType RSAKeyValue=RSAKeyValueType Reference=ReferenceType RetrievalMethod=RetrievalMethodType "
    "SPKIData=SPKIDataType Signature=SignatureType SignatureMethod=SignatureMethodType SignatureProperties "
    "SignatureProperty=SignaturePropertyType SignatureValue=SignatureValueType SignedInfo=SignedInfoType "
    "Transform=TransformType Transforms=TransformsType X509Data=X509DataType"
)

FRAGMENTS = (
    "CanonicalizationMethod:CanonicalizationMethodType DSAKeyValue:DSAKeyValueType DigestMethod:DigestMethodType "
    "DigestValue:base64 Exponent:base64 G:base64 HMACOutputLength:integer J:base64 KeyInfo:KeyInfoType KeyName:text "
    "KeyValue:KeyValueType Manifest:Manifest MgmtData:text Modulus:base64 Object:ObjectType P:base64 "
    "PGPData:PGPDataType PGPKeyID:base64 PGPKeyPacket:base64 PgenCounter:base64 Q:base64 RSAKeyValue:RSAKeyValueType "
    "Reference:ReferenceType RetrievalMethod:RetrievalMethodType SPKIData:SPKIDataType SPKISexp:base64 Seed:base64 "
    "Signature:SignatureType SignatureMethod:SignatureMethodType SignatureProperties:SignatureProperties "
    "SignatureProperty:SignaturePropertyType SignatureValue:SignatureValueType SignedInfo:SignedInfoType "
    "Transform:TransformType Transforms:TransformsType X509CRL:base64 X509Certificate:base64 X509Data:X509DataType "
    "X509IssuerName:text X509IssuerSerial:X509IssuerSerialType X509SKI:base64 X509SerialNumber:integer "
    "X509SubjectName:text XPath:text Y:base64"
)

ATTRIBUTES = (
    "Algorithm Encoding Id^0 MimeType Target Type URI"
)
