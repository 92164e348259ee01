/* constants.h - the numbers of BN254; printed by constants.py, do not edit. */
#ifndef BN254_CONSTANTS_H
#define BN254_CONSTANTS_H

/* clang-format off */
/* x, the parameter of the curve; Fp and Fr; M: the modulus, R = 2^256. */
#define BN254_X 0x44e992b44a6909f1u
#define FP_MODULUS {0x3c208c16d87cfd47u, 0x97816a916871ca8du, 0xb85045b68181585du, 0x30644e72e131a029u}
#define FP_NINV 0x87d20782e4866389u  /* -1/M mod 2^64 */
#define FP_R {0xd35d438dc58f0d9du, 0xa78eb28f5c70b3du, 0x666ea36f7879462cu, 0xe0a77c19a07df2fu}
#define FP_R2 {0xf32cfc5b538afa89u, 0xb5e71911d44501fbu, 0x47ab1eff0a417ff6u, 0x6d89f71cab8351fu}
#define FP_R3 {0xb1cd6dafda1530dfu, 0x62f210e6a7283db6u, 0xef7f0b0c0ada0afbu, 0x20fd6e902d592544u}
#define FP_HALF_MODULUS {0x9e10460b6c3e7ea3u, 0xcbc0b548b438e546u, 0xdc2822db40c0ac2eu, 0x183227397098d014u}  /* (M-1)/2 */
/* Radix 2^52, R = 2^260: M; -1/M mod 2^52; (kM + 1) / 2^52 for kM = -1 mod 2^52. */
#define FP_52 {0x8c16d87cfd47u, 0x916871ca8d3c2u, 0x181585d97816au, 0xa029b85045b68u, 0x30644e72e131u}
#define FP_52_NINV 0x20782e4866389u
#define FP_52_KM {0xc93a3dee22c55u, 0xe15f4ea250777u, 0x37f0b49e7cd63u, 0x2079e650a0895u, 0x6234192d7a1u}
#define FP_52_R {0x20880f6fce4b4u, 0x49baa989a8455u, 0x18f014a498908u, 0x724f85a9201d8u, 0x1f16424e1bb7u}
#define FP_52_TO_64 {0xd438dc58f0d9du, 0x28f5c70b3dd35u, 0x879462c0a78ebu, 0xdf2f666ea36f7u, 0xe0a77c19a07u}  /* times this: R 2^260 to R 2^256 */
#define FP_52_FROM_64 {0xb0f2afaec667au, 0xed9626b0fffbdu, 0x9e2a0fcad825au, 0xe357276f48b70u, 0xd791464ef86u}  /* times this: R 2^256 to R 2^260 */
#define FP_52_2M {0x1182db0f9fa8eu, 0x22d0e3951a784u, 0x302b0bb2f02d5u, 0x405370a08b6d0u, 0x60c89ce5c263u}
#define FP_52_4M {0x2305b61f3f51cu, 0x45a1c72a34f08u, 0x60561765e05aau, 0x80a6e14116da0u, 0xc19139cb84c6u}
#define FP_52_QUARTER_R {0xc000000000000u, 0x82305b61f3f51u, 0xa45a1c72a34f0u, 0x60561765e05au, 0x680a6e14116dau, 0xc19139cb84cu}  /* M 2^258 in limbs 4 to 9 */
#define FR_MODULUS {0x43e1f593f0000001u, 0x2833e84879b97091u, 0xb85045b68181585du, 0x30644e72e131a029u}
#define FR_NINV 0xc2e1f593efffffffu  /* -1/M mod 2^64 */
#define FR_R {0xac96341c4ffffffbu, 0x36fc76959f60cd29u, 0x666ea36f7879462eu, 0xe0a77c19a07df2fu}
#define FR_R2 {0x1bb8e645ae216da7u, 0x53fe3ab1e35c59e3u, 0x8c49833d53bb8085u, 0x216d0b17f4e44a5u}
#define FR_R3 {0x5e94d8e1b4bf0040u, 0x2a489cbe1cfbb6b8u, 0x893cc664a19fcfedu, 0xcf8594b7fcc657cu}
#define FR_HALF_MODULUS {0xa1f0fac9f8000000u, 0x9419f4243cdcb848u, 0xdc2822db40c0ac2eu, 0x183227397098d014u}  /* (M-1)/2 */
/* Radix 2^52, R = 2^260: M; -1/M mod 2^52; (kM + 1) / 2^52 for kM = -1 mod 2^52. */
#define FR_52 {0x1f593f0000001u, 0x4879b9709143eu, 0x181585d2833e8u, 0xa029b85045b68u, 0x30644e72e131u}
#define FR_52_NINV 0x1f593efffffffu
#define FR_52_KM {0x82e644ee4c3d2u, 0xf93893c98b1deu, 0xd46fe04d0a4c7u, 0x8f0aad55e2a1fu, 0x5ed0447de83u}
#define FR_52_R {0xb6b753fffffacu, 0x380f271055b9du, 0x18f016ecef7c8u, 0x724f85a9201d8u, 0x1f16424e1bb7u}
#define FR_52_TO_64 {0x6341c4ffffffbu, 0x959f60cd29ac9u, 0x879462e36fc76u, 0xdf2f666ea36f7u, 0xe0a77c19a07u}  /* times this: R 2^260 to R 2^256 */
#define FR_52_FROM_64 {0x31f8c9ffffab6u, 0xac31329faef6eu, 0x9e2a3495d7570u, 0xe357276f48b70u, 0xd791464ef86u}  /* times this: R 2^256 to R 2^260 */
#define FR_52_2M {0x3eb27e0000002u, 0x90f372e12287cu, 0x302b0ba5067d0u, 0x405370a08b6d0u, 0x60c89ce5c263u}
#define FR_52_4M {0x7d64fc0000004u, 0x21e6e5c2450f8u, 0x6056174a0cfa1u, 0x80a6e14116da0u, 0xc19139cb84c6u}
#define FR_52_QUARTER_R {0x4000000000000u, 0x87d64fc000000u, 0x121e6e5c2450fu, 0x6056174a0cfau, 0x680a6e14116dau, 0xc19139cb84cu}  /* M 2^258 in limbs 4 to 9 */
#define FP_SQRT_EXP {0x4f082305b61f3f52u, 0x65e05aa45a1c72a3u, 0x6e14116da0605617u, 0xc19139cb84c680au}  /* (p+1)/4 */
#define FP2_SQRT_EXP {0x4f082305b61f3f51u, 0x65e05aa45a1c72a3u, 0x6e14116da0605617u, 0xc19139cb84c680au}  /* (p-3)/4 */
#define FR_ROOT_28 {0x636e735580d13d9cu, 0xa22bf3742445ffd6u, 0x56452ac01eb203d8u, 0x1860ef942963f9e7u}  /* 5^((r-1)/2^28) */
/* Tables of v52_fold: 2^253 and 2^254 are 0.66 M and 1.32 M. */
#define FP_52_FOLD_X {{{0x3488912edefaau, 0x3488912edefaau, 0x2bc723a70f263u, 0x2305b61f3f51cu, 0x2305b61f3f51cu, 0x1a4448976f7d5u, 0x1a4448976f7d5u, 0x1182db0f9fa8eu}, {0x6872aabf4f68cu, 0x6872aabf4f68cu, 0xd70a38f4c22cau, 0x45a1c72a34f08u, 0x45a1c72a34f08u, 0xb439555fa7b46u, 0xb439555fa7b46u, 0x22d0e3951a784u}, {0x90812318d087fu, 0x90812318d087fu, 0x786b9d3f58714u, 0x60561765e05aau, 0x60561765e05aau, 0x4840918c6843fu, 0x4840918c6843fu, 0x302b0bb2f02d5u}, {0xc0fa51e1a2470u, 0xc0fa51e1a2470u, 0x20d099915c908u, 0x80a6e14116da0u, 0x80a6e14116da0u, 0xe07d28f0d1238u, 0xe07d28f0d1238u, 0x405370a08b6d0u}, {0x12259d6b14729u, 0x12259d6b14729u, 0xf1f5883e65f8u, 0xc19139cb84c6u, 0xc19139cb84c6u, 0x912ceb58a394u, 0x912ceb58a394u, 0x60c89ce5c263u}}, 317520974561891}
#define FP_52_FOLD_Y {{{0x2305b61f3f51cu, 0x1a4448976f7d5u, 0x1182db0f9fa8eu, 0x1182db0f9fa8eu, 0x8c16d87cfd47u, 0x8c16d87cfd47u, 0x0u, 0xffff73e9278302b9u}, {0x45a1c72a34f08u, 0xb439555fa7b46u, 0x22d0e3951a784u, 0x22d0e3951a784u, 0x916871ca8d3c2u, 0x916871ca8d3c2u, 0x0u, 0xfff6e978e3572c3eu}, {0x60561765e05aau, 0x4840918c6843fu, 0x302b0bb2f02d5u, 0x302b0bb2f02d5u, 0x181585d97816au, 0x181585d97816au, 0x0u, 0xfffe7ea7a2687e96u}, {0x80a6e14116da0u, 0xe07d28f0d1238u, 0x405370a08b6d0u, 0x405370a08b6d0u, 0xa029b85045b68u, 0xa029b85045b68u, 0x0u, 0xfff5fd647afba498u}, {0xc19139cb84c6u, 0x912ceb58a394u, 0x60c89ce5c263u, 0x60c89ce5c263u, 0x30644e72e131u, 0x30644e72e131u, 0x0u, 0xffffcf9bb18d1ecfu}}, 175921860444160}
#define FP_52_FOLD_WIDE {{{0x2305b61f3f51cu, 0x1a4448976f7d5u, 0x1182db0f9fa8eu, 0x1182db0f9fa8eu, 0x8c16d87cfd47u, 0x8c16d87cfd47u, 0x0u, 0xffff73e9278302b9u, 0xffff73e9278302b9u, 0xfffee7d24f060572u, 0xfffe5bbb7689082bu, 0xfffe5bbb7689082bu, 0xfffdcfa49e0c0ae4u, 0xfffd438dc58f0d9du, 0xfffd438dc58f0d9du, 0xfffcb776ed121056u}, {0x45a1c72a34f08u, 0xb439555fa7b46u, 0x22d0e3951a784u, 0x22d0e3951a784u, 0x916871ca8d3c2u, 0x916871ca8d3c2u, 0x0u, 0xfff6e978e3572c3eu, 0xfff6e978e3572c3eu, 0xfffdd2f1c6ae587cu, 0xfff4bc6aaa0584bau, 0xfff4bc6aaa0584bau, 0xfffba5e38d5cb0f8u, 0xfff28f5c70b3dd36u, 0xfff28f5c70b3dd36u, 0xfff978d5540b0974u}, {0x60561765e05aau, 0x4840918c6843fu, 0x302b0bb2f02d5u, 0x302b0bb2f02d5u, 0x181585d97816au, 0x181585d97816au, 0x0u, 0xfffe7ea7a2687e96u, 0xfffe7ea7a2687e96u, 0xfffcfd4f44d0fd2bu, 0xfffb7bf6e7397bc1u, 0xfffb7bf6e7397bc1u, 0xfff9fa9e89a1fa56u, 0xfff879462c0a78ecu, 0xfff879462c0a78ecu, 0xfff6f7edce72f781u}, {0x80a6e14116da0u, 0xe07d28f0d1238u, 0x405370a08b6d0u, 0x405370a08b6d0u, 0xa029b85045b68u, 0xa029b85045b68u, 0x0u, 0xfff5fd647afba498u, 0xfff5fd647afba498u, 0xfffbfac8f5f74930u, 0xfff1f82d70f2edc8u, 0xfff1f82d70f2edc8u, 0xfff7f591ebee9260u, 0xfffdf2f666ea36f8u, 0xfffdf2f666ea36f8u, 0xfff3f05ae1e5db90u}, {0xc19139cb84c6u, 0x912ceb58a394u, 0x60c89ce5c263u, 0x60c89ce5c263u, 0x30644e72e131u, 0x30644e72e131u, 0x0u, 0xffffcf9bb18d1ecfu, 0xffffcf9bb18d1ecfu, 0xffff9f37631a3d9du, 0xffff6ed314a75c6cu, 0xffff6ed314a75c6cu, 0xffff3e6ec6347b3au, 0xffff0e0a77c19a08u, 0xffff0e0a77c19a08u, 0xfffedda6294eb8d7u}}, 175921860444160}
#define FP_52_5M {0x2bc723a70f263u, 0xd70a38f4c22cau, 0x786b9d3f58714u, 0x20d099915c908u, 0xf1f5883e65f8u}
#define FP_52_7M {0x3d49feb6aecf1u, 0xf9db1c89dca4eu, 0xa896a8f2489e9u, 0x61240a31e7fd8u, 0x152be2524285bu}
#define FP_52_32M {0x182db0f9fa8e0u, 0x2d0e3951a7841u, 0x2b0bb2f02d52u, 0x5370a08b6d03u, 0x60c89ce5c2634u}
/* Quotient of v52_barrett: 2^266 / M; 2^260 - M; and multiples of r. */
#define FR_52_RECIPROCAL 0x1529u
#define FR_52_R516 {0xe645ae216da70u, 0x1e35c59e31bb8u, 0xbb808553fe3abu, 0x4a58c49833d53u, 0x216d0b17f4e4u}
#define FR_52_MINUS {0xe0a6c0fffffffu, 0xb786468f6ebc1u, 0xe7ea7a2d7cc17u, 0x5fd647afba497u, 0xfcf9bb18d1eceu}
#define FR_52_7M {0xdb70b90000007u, 0xfb541213f8db2u, 0xa896a8c196b59u, 0x61240a31e7fd8u, 0x152be2524285bu}
#define FR_52_8M {0xfac9f80000008u, 0x43cdcb848a1f0u, 0xc0ac2e9419f42u, 0x14dc2822db40u, 0x183227397098du}
#define FR_52_13M {0x978833000000du, 0xae2e6ab760727u, 0x3917cbb0aa2cbu, 0x221e5c138a449u, 0x27517fbd56f85u}
#define FR_52_16M {0xf593f00000010u, 0x879b9709143e1u, 0x81585d2833e84u, 0x29b85045b681u, 0x30644e72e131au}
/* xi = 9 + u; twist coefficient 3/xi; powers of xi for Frobenius and psi. */
#define G1_B {0x7a17caa950ad28d7u, 0x1f6ac17ae15521b9u, 0x334bea4e696bd284u, 0x2a1f6744ce179d8eu}
#define G2_B {{{0x3bf938e377b802a8u, 0x20b1b273633535du, 0x26b7edf049755260u, 0x2514c6324384a86du}}, {{0x38e7ecccd1dcff67u, 0x65f0b37d93ce0d3eu, 0xd749d0dd22ac00aau, 0x141b9ce4a688d4du}}}
#define G2_B3 {{{0x3baa927cb62e0d6au, 0xd71e7c52d1b664fdu, 0x3873e63d95d4664u, 0xe75b5b1082ab8f4u}}, {{0xaab7c6667596fe35u, 0x31d21a78bb6a27bau, 0x85dd7297680401ffu, 0x3c52d6adf39a7e9u}}}  /* 3 b */
#define FROB1_1 {{{0xaf9ba69633144907u, 0xca6b1d7387afb78au, 0x11bded5ef08a2087u, 0x2f34d751a1f3a7cu}}, {{0xa222ae234c492d72u, 0xd00f02a4565de15bu, 0xdc2ff3a253dfc926u, 0x10a75716b3899551u}}}  /* xi^(1(p-1)/6) */
#define FROB1_2 {{{0xb5773b104563ab30u, 0x347f91c8a9aa6454u, 0x7a007127242e0991u, 0x1956bcd8118214ecu}}, {{0x6e849f1ea0aa4757u, 0xaa1c7b6d89f89141u, 0xb6e713cdfae0ca3au, 0x26694fbb4e82ebc3u}}}  /* xi^(2(p-1)/6) */
#define FROB1_3 {{{0xe4bbdd0c2936b629u, 0xbb30f162e133bacbu, 0x31a9d1b6f9645366u, 0x253570bea500f8ddu}}, {{0xa1d77ce45ffe77c7u, 0x7affd117826d1dbu, 0x6d16bd27bb7edc6bu, 0x2c87200285defeccu}}}  /* xi^(3(p-1)/6) */
#define FROB1_4 {{{0x7361d77f843abe92u, 0xa5bb2bd3273411fbu, 0x9c941f314b3e2399u, 0x15df9cddbb9fd3ecu}}, {{0x5dddfd154bd8c949u, 0x62cb29a5a4445b60u, 0x37bc870a0c7dd2b9u, 0x24830a9d3171f0fdu}}}  /* xi^(4(p-1)/6) */
#define FROB1_5 {{{0xc970692f41690fe7u, 0xe240342127694b0bu, 0x32bee66b83c459e8u, 0x12aabced0ab08841u}}, {{0xd485d2340aebfa9u, 0x5193418ab2fcc57u, 0xd3b0a40b8a4910f5u, 0x2f21ebb535d2925au}}}  /* xi^(5(p-1)/6) */
#define FROB2_1 {{0xca8d800500fa1bf2u, 0xf0c5d61468b39769u, 0xe201271ad0d4418u, 0x4290f65bad856e6u}}  /* xi^(1(p^2-1)/6) */
#define FROB2_2 {{0x3350c88e13e80b9cu, 0x7dce557cdb5e56b9u, 0x6001b4b8b615564au, 0x2682e617020217e0u}}  /* xi^(2(p^2-1)/6) */
#define FROB2_3 {{0x68c3488912edefaau, 0x8d087f6872aabf4fu, 0x51e1a24709081231u, 0x2259d6b14729c0fau}}  /* xi^(3(p^2-1)/6) */
#define FROB2_4 {{0x71930c11d782e155u, 0xa6bb947cffbe3323u, 0xaa303344d4741444u, 0x2c3b3f0d26594943u}}  /* xi^(4(p^2-1)/6) */
#define FROB2_5 {{0x8cfc388c494f1abu, 0x19b315148d1373d4u, 0x584e90fdcb6c0213u, 0x9e1685bdf2f8849u}}  /* xi^(5(p^2-1)/6) */
#define FROB3_1 {{{0x365316184e46d97du, 0xaf7129ed4c96d9fu, 0x659da72fca1009b5u, 0x8116d8983a20d23u}}, {{0xb1df4af7c39c1939u, 0x3d9f02878a73bf7fu, 0x9b2220928caf0ae0u, 0x26684515eff054a6u}}}  /* xi^(1(p^3-1)/6) */
#define FROB3_2 {{{0xc9af22f716ad6badu, 0xb311782a4aa662b2u, 0x19eeaf64e248c7f4u, 0x20273e77e3439f82u}}, {{0xacc02860f7ce93acu, 0x3933d5817ba76b4cu, 0x69e6188b446c8467u, 0xa46036d4417cc55u}}}  /* xi^(2(p^3-1)/6) */
#define FROB3_3 {{{0x5764af0aaf46471eu, 0xdc50792e873e0fc1u, 0x86a673ff881d04f6u, 0xb2eddb43c30a74cu}}, {{0x9a490f32787e8580u, 0x8fd16d7ff04af8b1u, 0x4b39888ec6027bf2u, 0x3dd2e705b52a15du}}}  /* xi^(3(p^3-1)/6) */
#define FROB3_4 {{{0x448a93a57b6762dfu, 0xbfd62df528fdeadfu, 0xd858f5d00e9bd47au, 0x6b03d4d3476ec58u}}, {{0x2b19daf4bcc936d1u, 0xa1a54e7a56f4299fu, 0xb533eee05adeaef1u, 0x170c812b84dda0b2u}}}  /* xi^(4(p^3-1)/6) */
#define FROB3_5 {{{0xe0bc4b2275cf559fu, 0xc238b945c154e60fu, 0x803982a5929a7d5eu, 0x15ce052df7e4a37eu}}, {{0x2d28efbdbf3799a7u, 0x9b097e3c1ad60773u, 0x982d4113af4a535bu, 0x24e18991e3056063u}}}  /* xi^(5(p^3-1)/6) */
/* s with s^6 = 82/3: (x, y) -> (s^2 x, s^3 y) takes G2's curve to y^2 = x^3 + 9 - u. */
#define TWIST_S2 {{0xaed7f99506d10cf4u, 0x3070f45c9cefb40cu, 0x7f0ebc3590842710u, 0x836782e63a22f27u}}  /* s^2 */
#define TWIST_S3 {{0x713c43cb9f810579u, 0x5b0902a4384bbcb4u, 0xa5e5d1809217306fu, 0x28f4d16583ccbbbeu}}  /* s^3 */
/* Radix 2^52: those, from R 2^256 to R 2^260; and psi's factors xi^((p-1)/3), xi^((p-1)/2). */
#define FP_52_TWIST_S2 {0x20d30740e6913u, 0x30649706f5be8u, 0x36d3877fe3776u, 0x407d19407fe8cu, 0x159f0117ced9u}
#define FP_52_TWIST_S3 {0xd9858d78fc518u, 0x882bb9cd4680cu, 0x20de06333d0b9u, 0x9b726216ae94du, 0x202f3495cadcu}
#define FP_52_PSI_X {{0xf504d9252c8c8u, 0xff5717f0e1766u, 0x6d5d6268bedc7u, 0x4d79dd84e4be3u, 0x124959ea0e94u}, {0x360d7e4c8961cu, 0x7ba33957816cu, 0xbfc7f4787b6b8u, 0x3a46caadf8519u, 0x21e14e5259dbu}}
#define FP_52_PSI_Y {{0x73fb06d8f833cu, 0x5d2de62e1f7a3u, 0x435120898fe17u, 0xbde76d9d6e18u, 0xea35e87c1bcu}, {0x25062911a28eu, 0x23cc340a00d3bu, 0x2daf19231ebfdu, 0x2a7ebd080280au, 0x22f5b5e00d39u}}
/* Generators. */
#define G1_GENERATOR {{{0xd35d438dc58f0d9du, 0xa78eb28f5c70b3du, 0x666ea36f7879462cu, 0xe0a77c19a07df2fu}}, {{0xa6ba871b8b1e1b3au, 0x14f1d651eb8e167bu, 0xccdd46def0f28c58u, 0x1c14ef83340fbe5eu}}}
#define G2_GENERATOR {{{{0x8e83b5d102bc2026u, 0xdceb1935497b0172u, 0xfbb8264797811adfu, 0x19573841af96503bu}}, {{0xafb4737da84c6140u, 0x6043dd5a5802d8c4u, 0x9e950fc52a02f86u, 0x14fef0833aea7b6bu}}}, {{{0x619dfa9d886be9f6u, 0xfe7fd297f59e9b78u, 0xff9e1a62231b7dfeu, 0x28fd7eebae9e4206u}}, {{0x64095b56c71856eeu, 0xdc57f922327d3cbbu, 0x55f935be33351076u, 0xda4a0e693fd6482u}}}}
/* Signed binary digits of 6x + 2, least significant first. */
#define ATE_LOOP_DIGITS {0, 0, 0, 1, 0, 1, 0, -1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, -1, 0, 0, 0, 1, 0, -1, 0, 0, 0, 0, -1, 0, 0, 1, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0, 0, -1, 0, 1, 0, -1, 0, 0, 0, -1, 0, -1, 0, 0, 0, 1, 0, -1, 0, 1}
#define ATE_LOOP_LEN 66
#define BN254_6X2 {0xf83e9682e87cfd46u, 0x6f4d8248eeb859fbu, 0x0u, 0x0u}  /* 6 x^2, the eigenvalue of psi on G2 */
/* clang-format on */

#endif
