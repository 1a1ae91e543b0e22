/** Who wrote a file or opened an association: PS3.7 §D.3.3.2, PS3.10 §7.1. The UID is fixed for the life of the product (2.25, PS3.5 §B.2). */
export const IMPLEMENTATION_CLASS_UID = '2.25.222340527064918498262402765423471830402';
export const IMPLEMENTATION_VERSION_NAME = 'ISOCENTER_0_1';
